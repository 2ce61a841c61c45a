package main

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cidrx/agent/control"
	"cidrx/firewall/netlab"
)

// binaries is where TestMain put cidrx and cidrxctl.
var binaries string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "cidrx-bin-")
	if err == nil {
		err = os.Chmod(dir, 0o755) // tests run them as other users too
	}
	if err == nil {
		binaries = dir
		build := exec.Command("go", "build", "-o", dir, "cidrx/cmd/cidrx", "cidrx/cmd/cidrxctl")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building the commands:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// edge is an edge host in a namespace of its own, with the real agent, and the world in another.
type edge struct {
	t      *testing.T
	dir    string
	host   *netlab.Namespace
	world  *netlab.Namespace
	client control.Client
	agent  *exec.Cmd
}

const (
	edgeAddr   = "10.77.0.1"
	worldAddr  = "10.77.0.2"
	edgeAddr6  = "2001:db8:77::1"
	worldAddr6 = "2001:db8:77::2"
)

// edgePatience is how long tests wait for what should come at once: the machine may be compiling other packages meanwhile.
const edgePatience = time.Minute

// edgeConfig bans scanners by user agent, and networks whose logins fail.
const edgeConfig = `
[agent]
mode     = "enforce"
stateDir = "DIR/state"
socket   = "DIR/c.sock"
[source.web]
paths  = ["DIR/access.log"]
format = "combined"
[live.scanners]
useragentRegex = "(?i)sqlmap|nikto"
window         = "10m"
clusterArgSets = [[20, 32, 32, 0.0]]
useForJail     = [true]
[live.logins]
endpointRegex  = "^/login"
statuses       = ["401", "404"]
window         = "10m"
clusterArgSets = [[200, 20, 30, 0.2]]
useForJail     = [true]
`

func newEdge(t *testing.T) *edge {
	t.Helper()
	dir, err := os.MkdirTemp("", "cidrx-edge-") // t.TempDir is for root alone, and agents run as other users too
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Cleanup(func() {
		if testing.Verbose() {
			said, _ := os.ReadFile(filepath.Join(dir, "agent.err"))
			t.Logf("the agent said:\n%s", said)
		}
	})
	lab := netlab.New()
	t.Cleanup(func() { lab.Close() })
	e := &edge{t: t, dir: dir, client: control.Client{Socket: filepath.Join(dir, "c.sock")}}
	e.must(os.Chmod(dir, 0o755))
	e.host, e.world = e.namespace(lab, "edge"), e.namespace(lab, "world")
	e.must(lab.Link(e.host, e.world, edgeAddr+"/30", worldAddr+"/30", edgeAddr6+"/64", worldAddr6+"/64"))
	for network, gateway := range map[string]string{"192.0.2.0/24": worldAddr, "198.51.100.0/24": worldAddr, "203.0.113.0/24": worldAddr, "2001:db8:bad::/48": worldAddr6} {
		e.must(e.world.Own(network))
		e.must(e.host.AddRoute(network, gateway))
	}
	e.file("cidrx.toml", strings.ReplaceAll(edgeConfig, "DIR", dir))
	return e
}

func (e *edge) namespace(lab *netlab.Lab, name string) *netlab.Namespace {
	ns, err := lab.Namespace(name)
	e.must(err)
	return ns
}

func (e *edge) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *edge) file(name, text string) string {
	e.t.Helper()
	path := filepath.Join(e.dir, name)
	e.must(os.WriteFile(path, []byte(text), 0o644))
	return path
}

// command is the agent's command line.
func (e *edge) command() *exec.Cmd {
	cmd := exec.Command(filepath.Join(binaries, "cidrx"), "agent", "--config", filepath.Join(e.dir, "cidrx.toml"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// start runs the agent on the edge host until the test ends, and waits until it enforces.
func (e *edge) start() {
	e.t.Helper()
	e.startAs(e.command())
	e.enforces()
}

// startAs runs the agent and waits until it says that it is ready (sd_notify(3)): the logs are followed from then on.
func (e *edge) startAs(cmd *exec.Cmd) {
	e.t.Helper()
	ready := e.notifications(cmd)
	log, err := os.OpenFile(filepath.Join(e.dir, "agent.err"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	e.must(err)
	defer log.Close()
	cmd.Stderr = log
	e.must(e.host.Start(cmd))
	e.agent = cmd
	e.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	select {
	case <-ready:
	case <-time.After(edgePatience):
		e.t.Fatalf("the agent does not get ready; it said:\n%s", e.said())
	}
}

// notifications makes the command tell us how it goes, as it tells systemd. The channel is closed at READY=1.
func (e *edge) notifications(cmd *exec.Cmd) <-chan struct{} {
	e.t.Helper()
	path := filepath.Join(e.dir, "notify")
	os.Remove(path)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	e.must(err)
	e.must(os.Chmod(path, 0o666))
	e.t.Cleanup(func() { conn.Close() })
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+path)
	ready := make(chan struct{})
	go func() {
		buf := make([]byte, 256)
		once := sync.OnceFunc(func() { close(ready) })
		for n, err := conn.Read(buf); err == nil; n, err = conn.Read(buf) {
			if string(buf[:n]) == "READY=1" {
				once()
			}
		}
	}()
	return ready
}

// status is empty while nobody answers.
func (e *edge) status() control.Status {
	s, err := e.client.Status(e.t.Context())
	if err != nil {
		return control.Status{}
	}
	return s
}

// enforces waits until the agent enforces, and the kernel holds what it should.
func (e *edge) enforces() {
	e.t.Helper()
	e.await("the agent enforces", func() bool { s := e.status(); return s.State == "enforcing" && s.Kernel.Drift == 0 })
}

// said is what the agent has logged.
func (e *edge) said() string {
	text, err := os.ReadFile(filepath.Join(e.dir, "agent.err"))
	e.must(err)
	return string(text)
}

// stop ends the agent with a signal.
func (e *edge) stop(sig syscall.Signal) error {
	e.must(e.agent.Process.Signal(sig))
	return e.agent.Wait()
}

func (e *edge) await(what string, ok func() bool) {
	e.t.Helper()
	for deadline := time.Now().Add(edgePatience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(e.dir, "agent.err"))
			e.t.Fatalf("%s: did not happen; status %+v; the agent said:\n%s", what, e.status(), log)
		}
	}
}

// ctl runs cidrxctl and returns what it prints and its exit code.
func (e *edge) ctl(args ...string) (stdout, stderr string, code int) {
	e.t.Helper()
	cmd := exec.Command(filepath.Join(binaries, "cidrxctl"), append(args, "--socket", e.client.Socket)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		e.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// kernel are the single hosts that nft lists in our table.
func (e *edge) kernel() map[string]bool {
	cmd := exec.Command("nft", "-j", "list", "set", "inet", "cidrx", "host4")
	var out bytes.Buffer
	cmd.Stdout = &out
	e.must(e.host.Start(cmd))
	cmd.Wait()
	hosts := map[string]bool{}
	for _, text := range strings.Split(out.String(), `"`) {
		if _, err := netip.ParseAddr(text); err == nil {
			hosts[text] = true
		}
	}
	return hosts
}

// write appends text to a log.
func (e *edge) write(name, text string) {
	e.t.Helper()
	f, err := os.OpenFile(filepath.Join(e.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	e.must(err)
	defer f.Close()
	_, err = f.WriteString(text)
	e.must(err)
}

// scans are lines of a scanner that edgeConfig bans after 20.
func scans(n int, client string) string {
	line := fmt.Sprintf("%s - - [%s] \"GET / HTTP/1.1\" 200 1 \"-\" \"sqlmap\"\n", client, time.Now().Format("02/Jan/2006:15:04:05 -0700"))
	return strings.Repeat(line, n)
}

// bans are the active ones, by prefix.
func (e *edge) bans() map[string]control.Ban {
	out := map[string]control.Ban{}
	list, err := e.client.Bans(e.t.Context(), false)
	e.must(err)
	for _, b := range list {
		out[b.Prefix.String()] = b
	}
	return out
}

// inForce waits until a ban is shown as in force.
func (e *edge) inForce(prefix string) control.Ban {
	e.t.Helper()
	e.await(prefix+" is in force", func() bool { return e.bans()[prefix].State == "in_force" })
	return e.bans()[prefix]
}

// events are those of the audit trail that have the name.
func (e *edge) events(name string) []control.Event {
	var out []control.Event
	e.must(e.client.Events(e.t.Context(), false, func(ev control.Event) error {
		if ev.Event == name {
			out = append(out, ev)
		}
		return nil
	}))
	return out
}

// nft runs nft on the edge host.
func (e *edge) nft(args ...string) {
	e.t.Helper()
	cmd := exec.Command("nft", args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	e.must(e.host.Start(cmd))
	if err := cmd.Wait(); err != nil {
		e.t.Fatalf("nft %s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
}

// door is a port of the edge host that counts who comes through.
type door struct {
	e     *edge
	conn  net.PacketConn
	to    string
	guest netip.Addr // whose packets always come through
}

// open opens a door for IPv4, or for IPv6 if the guest has such an address.
func (e *edge) open(guest string) *door {
	e.t.Helper()
	d := &door{e: e, to: edgeAddr + ":9999", guest: netip.MustParseAddr(guest)}
	if d.guest.Is6() {
		d.to = "[" + edgeAddr6 + "]:9999"
	}
	conn, err := e.host.ListenPacket("udp", d.to)
	e.must(err)
	e.t.Cleanup(func() { conn.Close() })
	d.conn = conn
	return d
}

// passes says whether a packet of the address comes through: it is sent before one of the guest, and the two share one queue.
func (d *door) passes(from string) bool {
	d.e.t.Helper()
	mark := strconv.FormatInt(time.Now().UnixNano(), 36)
	d.send(netip.MustParseAddr(from), "asked "+mark)
	d.send(d.guest, "guest "+mark)
	d.e.must(d.conn.SetReadDeadline(time.Now().Add(edgePatience)))
	buf, came := make([]byte, 64), false
	for {
		n, _, err := d.conn.ReadFrom(buf)
		if err != nil {
			d.e.t.Fatalf("the guest %s does not come through: %v", d.guest, err)
		}
		switch string(buf[:n]) {
		case "asked " + mark:
			came = true
		case "guest " + mark:
			return came
		}
	}
}

func (d *door) send(from netip.Addr, text string) {
	conn, err := d.e.world.Dial(d.e.t.Context(), "udp", from, d.to)
	d.e.must(err)
	defer conn.Close()
	_, err = conn.Write([]byte(text))
	d.e.must(err)
}
