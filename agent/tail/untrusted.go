package tail

// Untrusted says why what a file says may be forged by somebody who is not the system: who else may write to it or put another in its
// place. Empty: only the system may. The error says why that cannot be found out.
func Untrusted(path string) (string, error) {
	i, err := statPath(path)
	if err != nil {
		return "", err
	}
	return untrusted(path, i), nil
}
