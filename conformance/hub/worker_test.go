//go:build linux

package hub_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub/hubtest"
)

const (
	pythonsEnv = "COREML_HUB_CONFORMANCE"   // the folder of the environments with Python
	workerEnv  = "COREML_HUB_CONFORM_CHILD" // set: this process takes commands
)

// token is a secret that every client has, and no second origin may see.
const token = "hf_secret"

// command says what a client is to do.
type command struct {
	// Op is "snapshot", "download", "scan", "delete", or "choose": the names that patterns
	// choose, for ours of those in the repository and for Python of Names.
	Op string `json:"op"`
	// Cache is the folder of the cache.
	Cache string `json:"cache"`

	Type     string   `json:"type,omitempty"`
	ID       string   `json:"id,omitempty"`
	Revision string   `json:"revision,omitempty"`
	File     string   `json:"file,omitempty"`
	Allow    []string `json:"allow,omitempty"`
	Ignore   []string `json:"ignore,omitempty"`
	LocalDir string   `json:"local_dir,omitempty"`
	Force    bool     `json:"force,omitempty"`
	Commits  []string `json:"commits,omitempty"` // to delete
	Names    []string `json:"names,omitempty"`   // to choose from
	Retries  int      `json:"retries,omitempty"` // of ours; 0 is its own number
}

// answer is what came of a command.
type answer struct {
	Path  string   `json:"path,omitempty"`
	Error string   `json:"error,omitempty"` // its kind, "" for success
	Text  string   `json:"text,omitempty"`  // the error's own
	Names []string `json:"names,omitempty"`
	Freed int64    `json:"freed,omitempty"`
	Scan  *scan    `json:"scan,omitempty"`
}

// scan is what a look through a cache gives. Times are seconds, to the millisecond.
type scan struct {
	Size     int64         `json:"size"`
	Warnings int           `json:"warnings"`
	Repos    []scannedRepo `json:"repos"`
}

type scannedRepo struct {
	Kind      string            `json:"kind"`
	ID        string            `json:"id"`
	Size      int64             `json:"size"`
	Blobs     int               `json:"blobs"`
	Modified  float64           `json:"modified"`
	Accessed  float64           `json:"accessed"`
	Revisions []scannedRevision `json:"revisions"`
}

type scannedRevision struct {
	Commit   string   `json:"commit"`
	Size     int64    `json:"size"`
	Refs     []string `json:"refs"`
	Modified float64  `json:"modified"`
	Files    [][2]any `json:"files"` // path and size
}

// client is a program that downloads.
type client struct {
	name    string // "ours", "2.4.0", "0.36.2"
	program []string
}

func (c client) python() bool { return c.name != ours.name }

// ours is package hub, in this test binary.
var ours = client{name: "ours", program: []string{os.Args[0]}}

// versions of Python's client, the one whose cache ours equals first.
var versions = []string{"2.4.0", "0.36.2"}

// pythons are the clients in Python. Without the environments the test is skipped,
// unless there are some of them: then the missing ones are named.
func pythons(t *testing.T) []client {
	t.Helper()
	dir := os.Getenv(pythonsEnv)
	if dir == "" {
		t.Skipf("needs two versions of Python's huggingface_hub: make hub-conformance")
	}
	var list []client
	for _, v := range versions {
		if program := filepath.Join(dir, v, "bin", "python"); exists(program) {
			list = append(list, client{v, []string{program, "driver.py"}})
		} else {
			t.Logf("SKIP huggingface_hub %s: no %s", v, program)
		}
	}
	if len(list) == 0 {
		t.Skipf("SKIP: no version of huggingface_hub in %s", dir)
	}
	return list
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// worker is a process that takes commands.
type worker struct {
	client
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer
	ended  bool
}

// start runs a client against a hub, until the test ends. More of the environment may
// be given.
func start(t *testing.T, c client, hub *hubtest.Server, env ...string) *worker {
	t.Helper()
	return run(t, c, hub, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, env...) })
}

// run is start with a say in how the process is run. It waits for an answer longer than
// any busy machine takes: who asks again for what is late makes requests that others count.
func run(t *testing.T, c client, hub *hubtest.Server, how func(*exec.Cmd)) *worker {
	t.Helper()
	w := &worker{client: c, t: t, cmd: exec.CommandContext(t.Context(), c.program[0], c.program[1:]...)}
	w.cmd.Env = append(cleanEnv(), "HF_HOME="+t.TempDir(), "HF_TOKEN="+token, "HF_HUB_ETAG_TIMEOUT=60", "HF_HUB_DOWNLOAD_TIMEOUT=60", workerEnv+"=1", "PYTHONDONTWRITEBYTECODE=1")
	w.cmd.Env = append(w.cmd.Env, hub.Env()...)
	w.cmd.Stderr = &w.stderr
	how(w.cmd)
	var err error
	if w.stdin, err = w.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.stdout = bufio.NewReader(stdout)
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.kill)
	if hello := w.answer(); hello.Path == "" {
		t.Fatalf("%s does not start: %s", c.name, w.stderr.String())
	}
	return w
}

// cleanEnv is this process's environment without what concerns hubs.
func cleanEnv() []string {
	var list []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "HF_") && !strings.HasPrefix(name, "HUGGING") && !strings.HasSuffix(strings.ToLower(name), "_proxy") &&
			name != "TRANSFORMERS_OFFLINE" && name != "XDG_CACHE_HOME" {
			list = append(list, v)
		}
	}
	return list
}

// send gives the worker a command, whose answer is to be taken later.
func (w *worker) send(c command) {
	w.t.Helper()
	line, err := json.Marshal(c)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.stdin.Write(append(line, '\n')); err != nil {
		w.t.Fatalf("%s: %v\n%s", w.name, err, w.stderr.String())
	}
}

// answer waits for the answer to the oldest command without one.
func (w *worker) answer() answer {
	w.t.Helper()
	var a answer
	timer := time.AfterFunc(5*time.Minute, func() { _ = w.cmd.Process.Kill() })
	defer timer.Stop()
	line, err := w.stdout.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", w.name, err, tail(w.stderr.String()))
	}
	return a
}

// tail is the end of a long text.
func tail(s string) string { return s[max(0, len(s)-4000):] }

// do is send and answer.
func (w *worker) do(c command) answer {
	w.t.Helper()
	w.send(c)
	return w.answer()
}

// must is do, for what has to succeed.
func (w *worker) must(c command) answer {
	w.t.Helper()
	a := w.do(c)
	if a.Error != "" {
		w.t.Fatalf("%s: %s %s %s: %s", w.name, c.Op, c.ID, c.File, a.Text)
	}
	return a
}

// kill ends the process at once, without a chance to tidy up.
func (w *worker) kill() {
	if w.ended {
		return
	}
	w.ended = true
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait() // it was killed
}

// end lets the process end by itself.
func (w *worker) end() *os.ProcessState {
	w.t.Helper()
	w.ended = true
	_ = w.stdin.Close()
	if err := w.cmd.Wait(); err != nil {
		w.t.Errorf("%s: %v\n%s", w.name, err, tail(w.stderr.String()))
	}
	return w.cmd.ProcessState
}

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) != "" {
		if err := work(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	// The tests wait for slow hubs, most of the time.
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// runPython runs a script to its end.
func runPython(t *testing.T, python client, server *hubtest.Server, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python.program[0], args...)
	cmd.Env = append(append(cleanEnv(), server.Env()...), "TMPDIR="+t.TempDir(), "PYTHONDONTWRITEBYTECODE=1")
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %v\n%s", args, err, tail(string(text)))
	}
	return string(text)
}
