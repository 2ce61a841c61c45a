//go:build linux

package nftables_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"cidrx/firewall/netlab"
)

// nft runs nft in a namespace.
func nft(t testing.TB, ns *netlab.Namespace, args ...string) string {
	t.Helper()
	out, err := tryNft(ns, args...)
	if err != nil {
		t.Fatalf("nft %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func tryNft(ns *netlab.Namespace, args ...string) (string, error) {
	cmd := exec.Command("nft", args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := ns.Start(cmd); err != nil {
		return "", err
	}
	err := cmd.Wait()
	return out.String(), err
}

// listed is what nft says is in the table: bans with what is left of them, and the allowlist.
func listed(t testing.TB, ns *netlab.Namespace) (bans map[netip.Prefix]time.Duration, allow []netip.Prefix) {
	t.Helper()
	var doc struct {
		Nftables []struct {
			Set struct {
				Name string
				Elem []json.RawMessage
			}
		}
	}
	check(t, json.Unmarshal([]byte(nft(t, ns, "-j", "list", "table", "inet", "cidrx")), &doc))
	bans = map[netip.Prefix]time.Duration{}
	for _, object := range doc.Nftables {
		if object.Set.Name == "ports" {
			continue
		}
		for _, raw := range object.Set.Elem {
			p, expires := readElem(t, object.Set.Name, raw)
			if strings.HasPrefix(object.Set.Name, "allow") {
				allow = append(allow, p)
				continue
			}
			bans[p] = expires
		}
	}
	slices.SortFunc(allow, netip.Prefix.Compare)
	return bans, allow
}

// readElem reads an element as nft prints it: an address, a prefix, or one of them with what belongs to it.
func readElem(t testing.TB, set string, raw json.RawMessage) (netip.Prefix, time.Duration) {
	t.Helper()
	var full struct {
		Elem struct {
			Val     json.RawMessage
			Expires int64
		}
	}
	if json.Unmarshal(raw, &full) == nil && full.Elem.Val != nil {
		p, _ := readElem(t, set, full.Elem.Val)
		return p, time.Duration(full.Elem.Expires) * time.Second
	}
	var prefix struct {
		Prefix struct {
			Addr string
			Len  int
		}
	}
	if json.Unmarshal(raw, &prefix) == nil && prefix.Prefix.Addr != "" {
		return netip.MustParsePrefix(fmt.Sprintf("%s/%d", prefix.Prefix.Addr, prefix.Prefix.Len)), 0
	}
	var addr string
	check(t, json.Unmarshal(raw, &addr))
	a := netip.MustParseAddr(addr)
	if set == "host6" {
		return netip.PrefixFrom(a, 64), 0
	}
	return netip.PrefixFrom(a, a.BitLen()), 0
}
