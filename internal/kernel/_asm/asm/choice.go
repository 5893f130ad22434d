package asm

import (
	"bytes"
	"fmt"
	"strings"
)

// Key is what kernels are chosen by.
type Key struct {
	name, typ string
}

// The keys: the codes of a matrix, the bits of an index into a palette, and how many
// rows or vectors a kernel takes at a time.
var (
	ByKind  = Key{"kind", "kernelKind"}
	ByBits  = Key{"bits", "int"}
	ByCount = Key{"count", "int"}
)

// Choice is a Go function that calls one of several kernels.
type Choice struct {
	name, doc string
	key       Key
	partial   bool
	values    []string
	kernels   []Signature
}

// Choose starts a function that calls one of the kernels which are added to it. For
// any other value of the key it does nothing.
func (f *File) Choose(key Key, name, doc string) *Choice {
	c := &Choice{name: name, doc: doc, key: key}
	f.choices = append(f.choices, c)
	return c
}

// Partial lets the function report whether there was a kernel.
func (c *Choice) Partial() { c.partial = true }

// Add adds the kernel for a value of the key.
func (c *Choice) Add(value any, kernel Signature) {
	c.values = append(c.values, fmt.Sprint(value))
	c.kernels = append(c.kernels, kernel)
}

// params are those of the kernel that has most of them: it must have all that the
// others have.
func (c *Choice) params() []Param {
	var most []Param
	for _, k := range c.kernels {
		if len(k.Params) > len(most) {
			most = k.Params
		}
	}
	all := map[Param]bool{}
	for _, p := range most {
		all[p] = true
	}
	for _, k := range c.kernels {
		for _, p := range k.Params {
			if !all[p] {
				panic(fmt.Sprintf("%s: %s has %s %s, which others lack", c.name, k.Name, p.Name, p.Type))
			}
		}
	}
	return most
}

// write adds the function in Go.
func (c *Choice) write(b *bytes.Buffer) {
	s := Signature{Name: c.name, Params: append([]Param{{c.key.name, Type(c.key.typ)}}, c.params()...)}
	if c.partial {
		s.Result = "bool"
	}
	fmt.Fprintf(b, "\n// %s %s\n%s {\n\tswitch %s {\n", c.name, c.doc, &s, c.key.name)
	for i, k := range c.kernels {
		names := make([]string, len(k.Params))
		for j, p := range k.Params {
			names[j] = p.Name
		}
		fmt.Fprintf(b, "\tcase %s:\n\t\t%s(%s)\n", c.values[i], k.Name, strings.Join(names, ", "))
	}
	if c.partial {
		b.WriteString("\tdefault:\n\t\treturn false\n\t}\n\treturn true\n}\n")
		return
	}
	b.WriteString("\t}\n}\n")
}
