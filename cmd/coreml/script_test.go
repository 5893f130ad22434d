package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// scripts is the folder of the scripts: each is a person at a shell with the program,
// an empty home and nothing set.
const scripts = "testdata/script"

// TestScripts runs the scripts. Beside the usual commands they have "exits STATUS
// PROGRAM ARGUMENT…", which is exec for a program that ends with this status, and
// "hub", after which a hub with the repository org/story answers.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: scripts,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			for name, path := range map[string]string{
				"MODEL": model, "RECORDS": story, "CLASSIFIER": "testdata/classifier/model.mlpackage", "ENCODER": encoder("mean-bert"),
				"CHECKPOINT": "../../testdata/checkpoints/llama-tied",
			} {
				path, err := filepath.Abs(path)
				if err != nil {
					return err
				}
				env.Setenv(name, path)
			}
			for _, name := range []string{"HOME", "USERPROFILE", "AppData", "LocalAppData"} {
				env.Setenv(name, home)
			}
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
			env.Setenv("HF_HUB_CACHE", filepath.Join(home, "cache"))
			env.Setenv("HF_HUB_OFFLINE", "1")
			env.Setenv(envConfig, noSettings)
			env.Setenv(envEngine, "portable")
			return os.MkdirAll(home, 0o700)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits, "hub": func(ts *testscript.TestScript, _ bool, _ []string) {
			server := hubtest.New(t, hubtest.Repo{ID: "org/story", Files: storyteller.FS()})
			ts.Setenv("HF_ENDPOINT", server.URL())
			ts.Setenv("HF_HUB_OFFLINE", "")
			ts.Setenv("NO_PROXY", "127.0.0.1")
		}},
	})
}

// exits runs a program that has to end with a status other than 0.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](ts.Exec(args[1], args[2:]...)); ok {
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// TestEveryCommandHasAScript holds for the commands that are still to come, too.
func TestEveryCommandHasAScript(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(name), ".txtar"))
	}
	for _, verb := range verbsOf() {
		if !slices.Contains(names, verb.Name) {
			t.Errorf("no script in %s is called %s.txtar", scripts, verb.Name)
			continue
		}
		text, err := os.ReadFile(filepath.Join(scripts, verb.Name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "exec coreml "+verb.Name) {
			t.Errorf("the script of %s does not run it", verb.Name)
		}
	}
}
