//go:build linux

package nftables

// Distrust makes the next Sync write everything anew.
func (f *Firewall) Distrust() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = unknown
}

// OldKernel makes f treat the kernel as one that ignores the timeout of an element added again, and knows no destroy.
func (f *Firewall) OldKernel() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.features = features{}
}
