// Package asmtest assembles what the generators write, for their tests.
package asmtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Assemble runs Go's assembler on a file's text and returns the machine code of each
// function, without what a linker would fill in.
func Assemble(tb testing.TB, arch, text string) map[string][]byte {
	tb.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		tb.Skip("there is no go command here to assemble with")
	}
	root, err := exec.CommandContext(tb.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	source := filepath.Join(dir, "source_"+arch+".s")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	include := filepath.Join(strings.TrimSpace(string(root)), "pkg", "include")
	cmd := exec.CommandContext(tb.Context(), "go", "tool", "asm", "-S", "-p", "kernel", "-I", include, "-o", filepath.Join(dir, "object"), source)
	cmd.Env = append(os.Environ(), "GOARCH="+arch)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%v: %s", err, errors.String())
	}
	return functions(tb, string(out))
}

// functions reads the listing: "kernel.NAME STEXT …", then lines of code and of
// bytes, "\t0xOFFSET BYTES  TEXT".
func functions(tb testing.TB, listing string) map[string][]byte {
	tb.Helper()
	code := map[string][]byte{}
	name := ""
	for line := range strings.Lines(listing) {
		if fields := strings.Fields(line); !strings.HasPrefix(line, "\t") && len(fields) > 1 {
			name = ""
			if fields[1] == "STEXT" {
				name = strings.TrimPrefix(fields[0], "kernel.")
			}
			continue
		}
		var at int
		if _, err := fmt.Sscanf(line, "\t0x%x ", &at); err != nil || name == "" || at != len(code[name]) {
			continue
		}
		for _, field := range strings.Fields(line)[1:] {
			b, err := strconv.ParseUint(field, 16, 8)
			if err != nil || len(field) != 2 || len(code[name]) == at+16 {
				break
			}
			code[name] = append(code[name], byte(b))
		}
	}
	return code
}
