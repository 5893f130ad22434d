package archtest

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestContributingListsTheTargets holds CONTRIBUTING.md and `make help` to the
// targets that the Makefile has.
func TestContributingListsTheTargets(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	makefile, contributing := read("Makefile"), read("CONTRIBUTING.md")
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(makefile)
	if phony == nil {
		t.Fatal("the Makefile has no .PHONY")
	}
	targets := strings.Fields(phony[1])
	inTable := func(name string) bool { return strings.Contains(contributing, "\n| `make "+name+"` |") }
	for _, name := range targets {
		switch name {
		case "all", "fmt-check", "vet": // the row of a bare make names them
			continue
		}
		if !inTable(name) {
			t.Errorf("the table of CONTRIBUTING.md lacks make %s", name)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `make ([a-z0-9-]+)` \\|").FindAllStringSubmatch(contributing, -1) {
		if !regexp.MustCompile(`(?m)^` + row[1] + `:`).MatchString(makefile) {
			t.Errorf("CONTRIBUTING.md has make %s, which the Makefile lacks", row[1])
		}
	}

	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("there is no make here")
	}
	cmd := exec.CommandContext(t.Context(), "make", "-s", "help")
	cmd.Dir = "../.."
	help, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make help: %v: %s", err, help)
	}
	lines := strings.Split(strings.TrimRight(string(help), "\n"), "\n")
	column := -1
	listed := map[string]bool{}
	for _, line := range lines {
		name, text, _ := strings.Cut(line, " ")
		listed[name] = true
		at := len(line) - len(strings.TrimLeft(text, " "))
		if column < 0 {
			column = at
		}
		if at != column {
			t.Errorf("the text of make help begins in column %d, not %d: %s", at, column, line)
		}
	}
	for _, name := range targets {
		if !listed[name] {
			t.Errorf("make help lacks %s", name)
		}
	}
}
