package conformance

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// results are the last lines of the suites, with their counts.
var results struct {
	sync.Mutex
	lines []string
}

// report prints the counts of the suites that have run.
func report() {
	for _, line := range results.lines {
		fmt.Println(line)
	}
}

// The suites are programs that print a line for each check; clients/suite.py says which.
func TestClients(t *testing.T) {
	for _, c := range []struct {
		name, program, script string
	}{
		{"openai of PyPI", "python/bin/python", "openai_python.py"},
		{"anthropic of PyPI", "python/bin/python", "anthropic_python.py"},
		{"openai of npm", "node", "openai_node.mjs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if clients == "" {
				t.Skipf("needs %s: run make openai-conformance", c.name)
			}
			program, script := c.program, filepath.Join("clients", c.script)
			if program == "node" {
				// Node looks for packages beside the script.
				script = filepath.Join(clients, "node", c.script)
				copyFile(t, filepath.Join("clients", c.script), script)
			} else {
				program = filepath.Join(clients, program)
			}
			runSuite(t, exec.CommandContext(t.Context(), program, script))
		})
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// runSuite runs a suite against the server and makes a test of each of its lines.
func runSuite(t *testing.T, cmd *exec.Cmd) {
	s := server(t)
	cmd.Env = append(os.Environ(), "BASE_URL="+s.URL, "MODEL="+s.Model, "API_KEY="+s.Key, "EMBEDDER="+s.Encoder,
		"PARALLEL="+strconv.Itoa(s.Parallel), "QUEUE="+strconv.Itoa(s.Queue), "PYTHONDONTWRITEBYTECODE=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		last = lines.Text()
		verdict, rest, _ := strings.Cut(last, " ")
		rest, detail, _ := strings.Cut(rest, "\t")
		if verdict != "PASS" && verdict != "FAIL" && verdict != "SKIP" {
			continue
		}
		t.Run(rest, func(t *testing.T) {
			switch verdict {
			case "FAIL":
				t.Error(detail)
			case "SKIP":
				t.Skip(detail)
			}
		})
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	if !strings.Contains(last, " passed, ") {
		t.Errorf("the suite did not come to its end: its last line is %q\n%s", last, stderr.String())
	}
	results.Lock()
	results.lines = append(results.lines, last)
	results.Unlock()
}
