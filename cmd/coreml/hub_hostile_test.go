package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// TestAHubThatHangsUpIsAFailure has the connection to a hub be the broken pipe: only
// that of the output is no failure.
func TestAHubThatHangsUpIsAFailure(t *testing.T) {
	broken := &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
	if !isBrokenPipe(broken) {
		t.Skip("it is another error here")
	}
	var said strings.Builder
	ofHub := &hub.Error{Op: "download", Repo: hub.Repo{ID: "org/name"}, Err: fmt.Errorf("write tcp: %w", syscall.EPIPE)}
	if got := status(t.Context(), ofHub, &said); got != exitFailure || !strings.Contains(said.String(), "org/name") {
		t.Errorf("status %d, %q", got, said.String())
	}
	if got := status(t.Context(), broken, io.Discard); got != exitOK {
		t.Errorf("status %d for the output's", got)
	}
}

// TestAFailureThatNobodyReadsOfIsAFailure closes the output of a pull that fails.
func TestAFailureThatNobodyReadsOfIsAFailure(t *testing.T) {
	newUser(t)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if got := run(t.Context(), []string{"pull", "org/none", "--json"}, strings.NewReader(""), in, io.Discard); got != exitFailure {
		t.Errorf("status %d", got)
	}
}

// TestABadTokenIsNoMatterOfTheCache has a folder where the token should be.
func TestABadTokenIsNoMatterOfTheCache(t *testing.T) {
	newUser(t)
	call(t, "pull", "org/story", "-q").want(t, exitOK, "", "")
	t.Setenv("HF_TOKEN_PATH", t.TempDir())
	call(t, "list").want(t, exitOK, "org/story", "")
	call(t, "inspect", "org/story", "--verify").want(t, exitOK, "ok", "")
	call(t, "pull", "org/story", "--offline").want(t, exitOK, "", "")
	call(t, "pull", "org/story").want(t, exitFailure, "", "token")
	call(t, "rm", "org/story", "--yes").want(t, exitOK, "freed", "")
}

// TestWhatNamesSayIsShownAsText has a hub, and a cache, that try to command the
// terminal by every text of theirs.
func TestWhatNamesSayIsShownAsText(t *testing.T) {
	const evil = "\x1b]0;owned\a\u202e\u009b2J\u2028x\nfake line"
	server, cache := newUser(t)
	call(t, "pull", "org/story", "-q").want(t, exitOK, "", "")
	for _, name := range []string{"models--" + evil, "models--org--x" + evil, filepath.Join("models--org--story", "snapshots", evil), filepath.Join("models--org--story", "refs", evil)} {
		if err := os.MkdirAll(filepath.Join(cache, name, "snapshots", evil), 0o755); err != nil {
			t.Skip(err)
		}
	}
	server.Add(hubtest.Fault{Do: hubtest.Do{Status: 400, Body: `{"error":"` + strings.NewReplacer("\x1b", `\u001b`, "\a", `\u0007`, "\n", `\n`).Replace(evil) + `"}`, Header: map[string]string{
		"Content-Type": "application/json", "X-Request-Id": "\u009b2J\u202e",
	}}})
	for _, args := range [][]string{
		{"list"},
		{"list", "--json"},
		{"pull", "org/other"},
		{"pull", "org/other", "--json"},
		{"pull", "org/other@" + evil},
		{"pull", "org/other", "--revision", evil},
		{"pull", evil},
		{"rm", evil, "--yes"},
		{"rm", "org/story", "--dry-run"},
		{"rm", "org/story", "--yes"},
		{"inspect", "org/story", "--verify"},
		{"inspect", "org/story", "--verify", "--json"},
		{"generate", "-m", "org/other", "x"},
		{"generate", "-m", evil, "x"},
		{"generate", "-m", "org/other:" + evil, "x"},
	} {
		r := call(t, args...)
		for what, text := range map[string]string{"output": r.out, "error": r.err} {
			if strings.ContainsAny(text, "\x1b\a\u202e\u009b\u2028") || strings.Contains(text, "\nfake") {
				t.Errorf("%q: %s is %q", args, what, text)
			}
		}
	}
}

// TestSumsOfSizesAreNotNegative is about figures that a hub chooses.
func TestSumsOfSizesAreNotNegative(t *testing.T) {
	server, _ := newUser(t)
	server.Add(hubtest.Fault{Op: hubtest.Tree, Do: hubtest.Do{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: `[
		{"type":"file","path":"a","size":9223372036854775807,"oid":"x"},{"type":"file","path":"b","size":9223372036854775807,"oid":"y"}]`}})
	r := call(t, "pull", "org/story", "--json")
	r.want(t, exitFailure, "too large", "")
	if strings.Contains(r.out, ":-") {
		t.Errorf("%s", r.out)
	}
}
