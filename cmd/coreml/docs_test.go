package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestTheCommandIsDocumented holds docs/command.md against what it is about.
func TestTheCommandIsDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/command.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, verb := range verbsOf() {
		row := ""
		for line := range strings.Lines(text) {
			if before, _, found := strings.Cut(line, " | "); found && strings.Contains(before, "`"+verb.Name+"`") {
				row = line
			}
		}
		if row == "" {
			t.Errorf("docs/command.md has no line of %s in its table of commands", verb.Name)
			continue
		}
		has := false
		for _, f := range verbFlags(verb) {
			has = has || f.Name == "json"
		}
		if has != strings.Contains(row, "| yes") {
			t.Errorf("%s has --json: %v, and docs/command.md says otherwise", verb.Name, has)
		}
	}
	for _, s := range exitStatuses {
		if !strings.Contains(text, fmt.Sprintf("| %d | %s |", s.status, s.means)) {
			t.Errorf("docs/command.md does not have the exit status %d as it is", s.status)
		}
	}
}
