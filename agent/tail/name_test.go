package tail

import "testing"

func TestIsRotated(t *testing.T) {
	tests := map[string]bool{
		"access.log":                      false,
		"access.log.1":                    true,
		"access.log.12":                   true,
		"access.log.1.gz":                 false,
		"access.log.old":                  true,
		"access.log-20260101":             true,
		"access.log-20260101-1700":        true,
		"access.log_20260101":             true,
		"access.log.2026-01-01T00:00:00Z": true,
		"access.log-1":                    false,
		"access.log.bak":                  false,
		"access.log.":                     false,
		"access.log1":                     false,
		"access.1.log":                    true,
		"access-20260101.log":             true,
		"access-1.log":                    false,
		"access1.log":                     false,
		"access-ssl.log":                  false,
		"error.log.1":                     false,
	}
	for name, want := range tests {
		if got := isRotated("access.log", name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if isRotated("syslog", "syslog.1") != true || isRotated("syslog", "syslog2") != false {
		t.Error("a log without an extension is not told from its parts")
	}
}
