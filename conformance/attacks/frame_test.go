//go:build linux

package attacks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	attacksEnv = "COREML_ATTACKS"       // set: the attacks run
	childEnv   = "COREML_ATTACK"        // in a child: the attack's name
	folderEnv  = "COREML_ATTACK_FOLDER" // in a child: the folder of its files
)

// What one attack may use. The time is the processor's, so that a busy machine
// fails nothing; a process that waits for something is ended at the deadline.
const (
	maxTime   = 5 * time.Second
	maxMemory = 1 << 30
	deadline  = 3 * time.Minute
)

// attack is one hostile input.
type attack struct {
	name string
	// prepare makes the input's files in dir; nil: there are none.
	prepare func(t *testing.T, dir string)
	// inside runs in a child process on the libraries. It returns nil when they
	// answered as they should.
	inside func(ctx context.Context, dir string) error
	// command runs the command instead, in dir, with these arguments.
	command []string
	// during is called once the command has started; it may talk to it.
	during func(t *testing.T, dir string, p *process)
	// status and says are the command's exit status and a part of its output.
	status int
	says   string
	// memory is what the attack may use where its own input is large.
	memory int64
	// leaves lists the files that the attack may add to its folder.
	leaves []string
}

// process is a running command.
type process struct {
	*exec.Cmd
	stdin  *os.File
	output output
}

// output is what a process has written. It may be looked at while more comes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(data)
}

// String returns all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

var command string // the path of the built command

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		os.Exit(child(name, os.Getenv(folderEnv)))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv(attacksEnv) == "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "attacks-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	command = filepath.Join(dir, "coreml")
	build := exec.Command("go", "build", "-o", command, "./cmd/coreml")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// child is the life of a child process.
func child(name, dir string) int {
	for _, a := range all() {
		if a.name != name {
			continue
		}
		if err := a.inside(context.Background(), dir); err != nil {
			fmt.Println(err)
			return 1
		}
		return 0
	}
	fmt.Println("no such attack")
	return 2
}

func TestAttacks(t *testing.T) {
	if os.Getenv(attacksEnv) == "" {
		t.Skipf("takes some minutes: set %s, or run make attacks", attacksEnv)
	}
	for _, a := range all() {
		t.Run(a.name, func(t *testing.T) { a.run(t) })
	}
}

// run starts the attack's process and judges what it did.
func (a *attack) run(t *testing.T) {
	dir, tmp := t.TempDir(), t.TempDir()
	if a.prepare != nil {
		a.prepare(t, dir)
	}
	before := names(t, dir)
	p := a.start(t, dir, tmp)
	if a.during != nil {
		a.during(t, dir, p)
	}
	a.wait(t, p)
	a.judge(t, p)
	if left := names(t, tmp); len(left) > 0 {
		t.Errorf("it left temporary files: %q", left)
	}
	for _, name := range names(t, dir) {
		if !contains(before, name) && !contains(a.leaves, name) {
			t.Errorf("it left %q", name)
		}
	}
}

func (a *attack) start(t *testing.T, dir, tmp string) *process {
	t.Helper()
	p := &process{}
	if a.inside != nil {
		p.Cmd = exec.CommandContext(t.Context(), os.Args[0])
		p.Env = append(os.Environ(), childEnv+"="+a.name, folderEnv+"="+dir)
	} else {
		p.Cmd = exec.CommandContext(t.Context(), command, a.command...)
		p.Env = append(os.Environ(), "HOME="+tmp)
	}
	p.Dir, p.Env = dir, append(p.Env, "TMPDIR="+tmp)
	p.Stdout, p.Stderr = &p.output, &p.output
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Stdin, p.stdin = r, w
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if a.during == nil {
		_ = w.Close()
	}
	return p
}

// wait waits for the process, and ends it at the deadline.
func (a *attack) wait(t *testing.T, p *process) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case err := <-ended:
		if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
			t.Error(err)
		}
	case <-time.After(deadline):
		t.Errorf("it hangs")
		_ = p.Process.Signal(syscall.SIGQUIT)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = p.Process.Kill()
			<-ended
		}
	}
	_ = p.stdin.Close()
}

func (a *attack) judge(t *testing.T, p *process) {
	t.Helper()
	text := p.output.String()
	status := p.ProcessState.ExitCode()
	if status != a.status {
		t.Errorf("exit status %d, want %d", status, a.status)
	}
	if !strings.Contains(text, a.says) {
		t.Errorf("the output lacks %q", a.says)
	}
	if bad := control(text); bad != "" {
		t.Errorf("%s reached the output", bad)
	}
	if strings.Contains(text, "goroutine ") && strings.Contains(text, ".go:") {
		t.Error("it crashed")
	}
	used := p.ProcessState.UserTime() + p.ProcessState.SystemTime()
	memory := int64(0)
	if usage, ok := p.ProcessState.SysUsage().(*syscall.Rusage); ok {
		memory = usage.Maxrss << 10
	}
	t.Logf("%v of processor time, %d MiB", used.Round(time.Millisecond), memory>>20)
	if used > maxTime {
		t.Errorf("it took %v of processor time", used)
	}
	if limit := max(a.memory, maxMemory); memory > limit {
		t.Errorf("it took %d MiB of memory", memory>>20)
	}
	if t.Failed() {
		t.Logf("output:\n%.3000q", text)
	}
}

// control describes the first character of a text that could steer a terminal.
func control(text string) string {
	for i, r := range text {
		switch {
		case r == '\n' || r == '\t':
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return fmt.Sprintf("byte %#x", text[i])
			}
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return fmt.Sprintf("%U", r)
		}
	}
	return ""
}

// names lists what lies in a folder and below it.
func names(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		list = append(list, rel)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func contains(list []string, name string) bool {
	for _, s := range list {
		if s == name || strings.HasPrefix(name, s+"/") {
			return true
		}
	}
	return false
}

// all returns every attack.
func all() []*attack {
	var list []*attack
	for _, kind := range [][]*attack{
		templates(), tokenizers(), schemaFiles(), specialFiles(), outputs(), slots(), busy(), sizes(), cancelled(), terminal(), silent(), protocol(), pictures(), compiledModels(), checkpoints(), requests(), connections(),
	} {
		list = append(list, kind...)
	}
	return list
}

// wantError returns nil when err is one of the wanted kinds.
func wantError(err error, is ...error) error {
	if err == nil {
		return errors.New("it was accepted")
	}
	for _, want := range is {
		if errors.Is(err, want) {
			return nil
		}
	}
	return fmt.Errorf("got %q, want one of %v", err.Error(), is)
}

// wantType returns nil when err has an error of type E in its chain.
func wantType[E error](err error) error {
	if err == nil {
		return errors.New("it was accepted")
	}
	if _, ok := errors.AsType[E](err); !ok {
		return fmt.Errorf("got %q of type %T", err.Error(), err)
	}
	return nil
}

// within runs f and complains when it took longer than the limit, which is far
// more than what is promised, for a machine that does other things too.
func within(limit time.Duration, f func() error) error {
	start := time.Now()
	err := f()
	if took := time.Since(start); took > limit {
		return errors.Join(err, fmt.Errorf("it took %v", took))
	}
	return err
}
