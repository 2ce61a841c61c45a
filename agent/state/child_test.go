package state_test

import "fmt"

// childEnv names the part of a test that runs in a process of its own: one that is killed, or that has a file system of its own.
const childEnv = "CIDRX_STATE_TEST_CHILD"

func runChild(name string) int {
	fmt.Println("unknown child", name)
	return 2
}
