package state_test

import (
	"testing"

	"cidrx/agent/state"

	"go.etcd.io/bbolt"
)

// checkWithBolt has bbolt itself check a file that we call whole.
func checkWithBolt(t *testing.T, path string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("bbolt says: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

var _ = state.Open
