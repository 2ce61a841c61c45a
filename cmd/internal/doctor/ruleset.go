package doctor

import (
	"errors"
	"fmt"

	nf "github.com/google/nftables"
)

// Table is a table of the kernel's nf_tables, whoever it belongs to.
type Table struct {
	Family     string // "ip", "ip6", "inet", "arp", "bridge", "netdev"
	Name       string
	Chains     []string
	Flowtables int
}

var families = map[nf.TableFamily]string{
	nf.TableFamilyIPv4: "ip", nf.TableFamilyIPv6: "ip6", nf.TableFamilyINet: "inet", nf.TableFamilyARP: "arp", nf.TableFamilyBridge: "bridge", nf.TableFamilyNetdev: "netdev",
}

// listTables reads the tables and chains of the current network namespace. It needs CAP_NET_ADMIN, and writes nothing.
func listTables() ([]Table, error) {
	c, err := nf.New()
	if err != nil {
		return nil, fmt.Errorf("read the ruleset: %w", err)
	}
	tables, err := c.ListTables()
	if err != nil {
		return nil, fmt.Errorf("read the ruleset: %w", err)
	}
	chains, err := c.ListChains()
	if err != nil {
		return nil, fmt.Errorf("read the ruleset: %w", err)
	}
	var all []Table
	var errs []error
	for _, t := range tables {
		out := Table{Family: families[t.Family], Name: t.Name}
		for _, ch := range chains {
			if ch.Table.Name == t.Name && ch.Table.Family == t.Family {
				out.Chains = append(out.Chains, ch.Name)
			}
		}
		flows, err := c.ListFlowtables(t)
		errs = append(errs, err)
		out.Flowtables = len(flows)
		all = append(all, out)
	}
	if err := errors.Join(errs...); err != nil && len(all) == 0 {
		return nil, fmt.Errorf("read the ruleset: %w", err)
	}
	return all, nil // a kernel without flow tables has none
}
