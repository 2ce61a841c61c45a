package tail_test

import (
	"os"
	"syscall"
)

func inode(i os.FileInfo) uint64 { return i.Sys().(*syscall.Stat_t).Ino }
