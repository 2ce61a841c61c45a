//go:build linux

package nftables

import (
	"bytes"
	"encoding/binary"
	"iter"

	"golang.org/x/sys/unix"
)

// attributes walks over netlink attributes: kind without its flag bits, and payload. It stops at the first that does not fit.
func attributes(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.NLA_HDRLEN {
			size := int(binary.NativeEndian.Uint16(b))
			if size < unix.NLA_HDRLEN || size > len(b) {
				return
			}
			kind := binary.NativeEndian.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
			if !yield(kind, b[unix.NLA_HDRLEN:size]) {
				return
			}
			b = b[min(align4(size), len(b)):]
		}
	}
}

// find returns the payload of the first attribute of a kind, nil if there is none.
func find(b []byte, kind uint16) []byte {
	for k, v := range attributes(b) {
		if k == kind {
			return v
		}
	}
	return nil
}

// nfAttributes is what follows the nfgenmsg header in the body of an nf_tables message.
func (m message) nfAttributes() []byte {
	if len(m.body) < nfgenSize {
		return nil
	}
	return m.body[nfgenSize:]
}

// nfgenSize is the size of struct nfgenmsg: family, version, resource.
const nfgenSize = 4

func be32(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func be64(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// cString is a string attribute without its NUL.
func cString(b []byte) string { return string(bytes.TrimRight(b, "\x00")) }
