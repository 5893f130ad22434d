// Package asmtest reads what the generators write, for their tests: it assembles it,
// and it follows each function as its text says, without running it, so that the
// kernels of one architecture are checked on every other.
//
// An architecture's test tells a [Machine]: what each instruction reads, writes and
// needs. [Rules] then find what is used before it has a value, what Go's calling
// convention forbids, and what a processor of the kernel's class does not have. A
// [Walk] goes through a function with given counts and notes the bytes of each
// argument that it touches.
package asmtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Assemble runs Go's assembler on a file's text and returns the machine code of each
// function, without what a linker would fill in.
func Assemble(tb testing.TB, arch, text string) map[string][]byte {
	tb.Helper()
	return functions(tb, listing(tb, arch, text))
}

// Instruction is the machine code of a line of a function.
type Instruction struct {
	Function string
	Line     int // from 1 on
	Code     []byte
}

// Instructions is [Assemble] with the code cut into instructions, in order. What the
// assembler adds before and after a function has the line of its TEXT or RET.
func Instructions(tb testing.TB, arch, text string) []Instruction {
	tb.Helper()
	list := listing(tb, arch, text)
	code := functions(tb, list)
	var all []Instruction
	var from []int
	for _, m := range listedLine.FindAllStringSubmatch(list, -1) {
		switch {
		case m[1] != "":
			all, from = append(all, Instruction{Function: m[1]}), append(from, 0)
		case m[4] == "FUNCDATA" || m[4] == "PCDATA" || m[4] == "TEXT":
		default:
			// Bytes of one line are one instruction.
			if last := all[len(all)-1]; m[4] == "BYTE" && last.Line == number(m[3]) {
				continue
			}
			at, err := strconv.ParseInt(m[2], 16, 64)
			if err != nil {
				tb.Fatal(err)
			}
			all, from = append(all, Instruction{all[len(all)-1].Function, number(m[3]), nil}), append(from, int(at))
		}
	}
	for i := range all {
		end := len(code[all[i].Function])
		if i+1 < len(all) && all[i+1].Line != 0 {
			end = from[i+1]
		}
		if all[i].Line != 0 {
			all[i].Code = code[all[i].Function][from[i]:end]
		}
	}
	return slices.DeleteFunc(all, func(i Instruction) bool { return len(i.Code) == 0 })
}

// listedLine is the start of a function, or a line of it.
var listedLine = regexp.MustCompile(`(?m)^(?:kernel\.(\w+) STEXT|\t0x([0-9a-f]+) \d+ \(.*:(\d+)\)\t(\S+))`)

// listing runs the assembler.
func listing(tb testing.TB, arch, text string) string {
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
	return string(out)
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
