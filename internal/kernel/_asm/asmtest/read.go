package asmtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asm"
)

// File is what a generator wrote, read back from its text: nothing here is taken
// from the generator's own tables, so that a mistake there is seen.
type File struct {
	Functions []*Function

	// Data are the sizes of the constants in bytes.
	Data map[string]int
}

// Function is the text of a function, and what Go's declaration says of it.
type Function struct {
	Name        string
	Frame, Args int
	Params      []Param // the result is one of the name "ret"
	Lines       []Line
	End         []string // labels behind the last instruction

	// file knows the constants.
	file *File
}

// Param is a parameter or the result, and where Go's ABI0 puts it.
type Param struct {
	Name         string
	Offset, Size int
	Pointer      bool
}

// Line is an instruction and the labels before it.
type Line struct {
	Number   int // in the file, from 1 on
	Labels   []string
	Op       string
	Operands []string
}

// String returns the instruction with its place.
func (l Line) String() string {
	return fmt.Sprintf("line %d: %s %s", l.Number, l.Op, strings.Join(l.Operands, ", "))
}

// Written reads what the generator makes of a file: its assembly, and the
// declarations beside it.
func Written(tb testing.TB, f *asm.File) *File {
	tb.Helper()
	read, err := Read(string(f.Assembly()), string(f.Declarations()))
	if err != nil {
		tb.Fatal(err)
	}
	return read
}

// patterns of the lines that are no instructions.
var (
	textLine  = regexp.MustCompile(`^TEXT ·(\w+)\(SB\), NOSPLIT, \$(\d+)-(\d+)$`)
	globlLine = regexp.MustCompile(`^GLOBL ·(\w+)<>\(SB\), RODATA\|NOPTR, \$(\d+)$`)
	labelLine = regexp.MustCompile(`^(\w+):$`)
	wordLine  = regexp.MustCompile(`^(?:WORD \$0x[0-9a-f]{8}|BYTE \$0x[0-9a-f]{2}(?:; BYTE \$0x[0-9a-f]{2})*) // (.*)$`)
)

// Read reads assembly and the Go file that declares its functions.
func Read(assembly, stubs string) (*File, error) {
	params, err := declared(stubs)
	if err != nil {
		return nil, err
	}
	file := &File{Data: map[string]int{}}
	var fn *Function
	var labels []string
	flush := func() {
		if fn != nil {
			fn.End, labels = labels, nil
		}
	}
	for i, line := range strings.Split(assembly, "\n") {
		switch m := textLine.FindStringSubmatch(line); {
		case m != nil:
			flush()
			fn = &Function{Name: m[1], Frame: number(m[2]), Args: number(m[3]), file: file}
			list, ok := params[fn.Name]
			if !ok {
				return nil, fmt.Errorf("line %d: %s has no declaration", i+1, fn.Name)
			}
			fn.Params = list
			file.Functions = append(file.Functions, fn)
		case globlLine.MatchString(line):
			m := globlLine.FindStringSubmatch(line)
			file.Data[m[1]] = number(m[2])
		case fn != nil && labelLine.MatchString(line):
			labels = append(labels, labelLine.FindStringSubmatch(line)[1])
		case fn != nil && strings.HasPrefix(line, "\t"):
			l := instruction(i+1, strings.TrimSpace(line))
			l.Labels, labels = labels, nil
			fn.Lines = append(fn.Lines, l)
		}
	}
	flush()
	return file, nil
}

// instruction takes a line apart. Of an instruction that is written as a word or as
// bytes, the text beside it is read: a test of its own compares the two.
func instruction(at int, text string) Line {
	if m := wordLine.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	op, rest, _ := strings.Cut(text, " ")
	return Line{Number: at, Op: op, Operands: operands(rest)}
}

// operands cuts at commas that are in no brackets.
func operands(text string) []string {
	var list []string
	depth, from := 0, 0
	for i, r := range text {
		switch r {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',':
			if depth == 0 {
				list = append(list, strings.TrimSpace(text[from:i]))
				from = i + 1
			}
		}
	}
	if last := strings.TrimSpace(text[from:]); last != "" {
		list = append(list, last)
	}
	return list
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// declared lays the parameters of the functions out as Go's ABI0 does: each
// aligned to its size, the result to that of a pointer.
func declared(stubs string) (map[string][]Param, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "stubs.go", stubs, 0)
	if err != nil {
		return nil, err
	}
	all := map[string][]Param{}
	for _, d := range parsed.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body != nil {
			continue
		}
		list := []Param{}
		end := 0
		add := func(name string, typ ast.Expr) {
			p := Param{Name: name, Size: 8}
			if id, ok := typ.(*ast.Ident); ok && id.Name == "float32" {
				p.Size = 4
			}
			_, p.Pointer = typ.(*ast.StarExpr)
			p.Offset = (end + p.Size - 1) / p.Size * p.Size
			if name == "ret" {
				p.Offset = (end + 7) / 8 * 8
			}
			end = p.Offset + p.Size
			list = append(list, p)
		}
		for _, field := range fn.Type.Params.List {
			for _, name := range field.Names {
				add(name.Name, field.Type)
			}
		}
		if fn.Type.Results != nil {
			add("ret", fn.Type.Results.List[0].Type)
		}
		all[fn.Name.Name] = list
	}
	return all, nil
}
