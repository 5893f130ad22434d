package asm

import (
	"fmt"
	"strings"
)

// Type is the Go type of a parameter or a result.
type Type string

// The types that kernels take.
const (
	Float   Type = "float32"
	Int     Type = "int"
	Floats  Type = "*float32"
	Halves  Type = "*uint16"
	Bytes   Type = "*byte"
	Ints    Type = "*int"
	Masks   Type = "*uint32"
	Nothing Type = ""
)

// IsPointer reports whether the type is a pointer to the elements of a slice.
func (t Type) IsPointer() bool { return strings.HasPrefix(string(t), "*") }

// size is what a value takes in the frame, which is also its alignment.
func (t Type) size() int {
	if t == Float {
		return 4
	}
	return 8
}

// Param is a parameter of a kernel.
type Param struct {
	Name string
	Type Type
}

// P returns a parameter.
func P(name string, t Type) Param { return Param{name, t} }

// Signature is what Go knows of a kernel.
type Signature struct {
	// Name is the function's name.
	Name string

	// Doc goes on after the name: it is a sentence that starts with a verb.
	Doc string

	// Params are the parameters, in order.
	Params []Param

	// Result is the type of the result, or Nothing.
	Result Type

	// Frame is the number of bytes on the stack for the kernel's own use.
	Frame int
}

// String returns the declaration in Go.
func (s *Signature) String() string {
	list := make([]string, len(s.Params))
	for i, p := range s.Params {
		list[i] = p.Name + " " + string(p.Type)
	}
	return strings.TrimSpace(fmt.Sprintf("func %s(%s) %s", s.Name, strings.Join(list, ", "), s.Result))
}

// layout returns the offsets of the parameters, that of the result (or the end),
// and the size of the arguments: each is aligned to its size, the result to 8.
func (s *Signature) layout() (offsets []int, result, size int) {
	for _, p := range s.Params {
		size = align(size, p.Type.size())
		offsets = append(offsets, size)
		size += p.Type.size()
	}
	if s.Result == Nothing {
		return offsets, size, size
	}
	result = align(size, 8)
	return offsets, result, result + s.Result.size()
}

func align(n, to int) int { return (n + to - 1) / to * to }

// Func is a function of a [File] under construction.
type Func struct {
	Signature

	file   *File
	lines  []string
	labels map[string]int
	bound  map[Label]bool
	jumps  []Label
	later  []func()
}

// Line adds an instruction in the syntax of Go's assembler.
func (f *Func) Line(op string, operands ...any) {
	text := "\t" + op
	for i, operand := range operands {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %v", operand)
	}
	f.lines = append(f.lines, text)
}

// Label is a place in a function.
type Label string

// NewLabel makes a label. The first of a name has that name, the others numbers
// from 2 on behind it.
func (f *Func) NewLabel(name string) Label {
	f.labels[name]++
	if n := f.labels[name]; n > 1 {
		name = fmt.Sprintf("%s%d", name, n)
	}
	return Label(name)
}

// Bind puts the label before the next instruction.
func (f *Func) Bind(l Label) {
	if f.bound[l] {
		panic(fmt.Sprintf("%s: label %s is bound twice", f.Name, l))
	}
	f.bound[l] = true
	f.lines = append(f.lines, string(l)+":")
}

// Here makes a label and binds it.
func (f *Func) Here(name string) Label {
	l := f.NewLabel(name)
	f.Bind(l)
	return l
}

// Jump adds an instruction that may go to the label.
func (f *Func) Jump(op string, to Label, operands ...any) {
	f.jumps = append(f.jumps, to)
	f.Line(op, append(operands, to)...)
}

// Has reports whether the function has the parameter.
func (f *Func) Has(param string) bool {
	_, ok := f.param(param)
	return ok
}

func (f *Func) param(name string) (int, bool) {
	for i, p := range f.Params {
		if p.Name == name {
			return i, true
		}
	}
	return 0, false
}

// Arg returns the place of the parameter in the caller's frame.
func (f *Func) Arg(param string) string {
	i, ok := f.param(param)
	if !ok {
		panic(fmt.Sprintf("%s has no parameter %s", f.Name, param))
	}
	offsets, _, _ := f.layout()
	return fmt.Sprintf("%s+%d(FP)", param, offsets[i])
}

// Ret returns the place of the result in the caller's frame.
func (f *Func) Ret() string {
	if f.Result == Nothing {
		panic(f.Name + " has no result")
	}
	_, result, _ := f.layout()
	return fmt.Sprintf("ret+%d(FP)", result)
}

// Data returns the address of a read-only run of 32-bit words.
func (f *Func) Data(name string, words ...uint32) string { return f.file.data(name, words) }

// Pointers returns the names of the parameters that are pointers, in order.
func (f *Func) Pointers() []Param {
	var list []Param
	for _, p := range f.Params {
		if p.Type.IsPointer() {
			list = append(list, p)
		}
	}
	return list
}

// Later keeps what adds instructions that are seldom reached, for behind the end.
func (f *Func) Later(write func()) { f.later = append(f.later, write) }

// Rest adds them.
func (f *Func) Rest() {
	for _, write := range f.later {
		write()
	}
	f.later = nil
}

// check panics when a jump goes nowhere.
func (f *Func) check() {
	for _, to := range f.jumps {
		if !f.bound[to] {
			panic(fmt.Sprintf("%s jumps to %s, which is not bound", f.Name, to))
		}
	}
}
