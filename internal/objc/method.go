package objc

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Ownership says who owns what a method returns.
type Ownership uint8

// The ownership families, as Cocoa's naming rules define them.
const (
	nothing   Ownership = iota // no object: a number, a BOOL, nothing
	borrowed                   // +0: somebody else owns it
	retained                   // -retain itself: the receiver, one retain more
	owned                      // +1: the caller owns it (alloc, new, copy)
	consuming                  // +1, and the receiver is gone even on failure (init)
	interior                   // memory inside the receiver, valid while it lives
)

// String names the family.
func (o Ownership) String() string {
	names := [...]string{"nothing", "borrowed", "retained", "owned", "consuming", "interior"}
	if int(o) < len(names) {
		return names[o]
	}
	return "unknown"
}

// Escape says whether a method keeps the block that it is given.
type Escape bool

// A noescape block is called before the method returns, if at all; an escaping
// one may be called later and on any thread.
const (
	noescape Escape = false
	escaping Escape = true
)

// Method is one row of the selector table. Only this package makes them.
type Method struct {
	class     *ClassRef
	meta      bool
	selector  string
	encoding  string
	args      int  // arguments after the receiver and the selector
	result    byte // the first byte of the result's encoding
	ownership Ownership
	errorOut  bool
	block     string
	words     int // arguments of the block
	escape    Escape
	min       Version

	sel     atomic.Uintptr // the registered selector, once it is known
	present atomic.Bool    // whether the class is known to have it
}

// ClassRef is a class or protocol that the table names.
type ClassRef struct {
	name string
	via  string // for a protocol: a class that implements it
	min  Version

	id atomic.Uintptr
}

// Name returns the class's name.
func (c *ClassRef) Name() string { return c.name }

// MinMacOS returns the first version of macOS that has the class, zero if every
// supported one does.
func (c *ClassRef) MinMacOS() Version { return c.min }

// String writes the method as debuggers do: -[MLModel newState].
func (m *Method) String() string {
	return m.Kind() + "[" + m.class.name + " " + m.selector + "]"
}

// Kind is "+" for a method of the class itself and "-" for one of its instances.
func (m *Method) Kind() string {
	if m.meta {
		return "+"
	}
	return "-"
}

// Class returns the class that declares the method.
func (m *Method) Class() *ClassRef { return m.class }

// Selector returns the selector's name.
func (m *Method) Selector() string { return m.selector }

// Encoding returns the type encoding of the result and the arguments, without
// offsets.
func (m *Method) Encoding() string { return m.encoding }

// Ownership says who owns the result.
func (m *Method) Ownership() Ownership { return m.ownership }

// ErrorOut reports whether the last argument is an NSError**.
func (m *Method) ErrorOut() bool { return m.errorOut }

// Block returns the encoding of the block that the method takes, or "".
func (m *Method) Block() string { return m.block }

// Escapes reports whether the block may be called after the method returned.
func (m *Method) Escapes() bool { return bool(m.escape) }

// MinMacOS returns the first version of macOS that has the method, zero if every
// supported one does.
func (m *Method) MinMacOS() Version { return m.min }

// registry is the table as lists, filled while the package's variables are
// initialised.
var registry struct {
	sync.Mutex
	classes   map[string]*ClassRef
	methods   []*Method
	functions []*Function
	symbols   []*Symbol
}

// Methods returns every row of the selector table, in no useful order.
func Methods() []*Method { return slices.Clone(registry.methods) }

// Functions returns every C function of the table.
func Functions() []*Function { return slices.Clone(registry.functions) }

// Symbols returns every C constant of the table.
func Symbols() []*Symbol { return slices.Clone(registry.symbols) }

// class declares a class of the table.
func class(name, min string) *ClassRef { return protocol(name, name, min) }

// protocol declares a protocol, whose methods are looked up in the class via.
func protocol(name, via, min string) *ClassRef {
	registry.Lock()
	defer registry.Unlock()
	if registry.classes == nil {
		registry.classes = make(map[string]*ClassRef)
	}
	c := &ClassRef{name: name, via: via, min: mustVersion(min)}
	registry.classes[name] = c
	return c
}

// inst declares a method of instances.
func inst(class, selector, encoding string, ownership Ownership, min string) *Method {
	return row(class, false, selector, encoding, ownership, min)
}

// meta declares a method of the class itself.
func meta(class, selector, encoding string, ownership Ownership, min string) *Method {
	return row(class, true, selector, encoding, ownership, min)
}

// row adds a method to the table. A row that is wrong in itself is a programming
// error that every start of the program shows.
func row(class string, meta bool, selector, encoding string, ownership Ownership, min string) *Method {
	types, err := parseEncoding(encoding)
	if err != nil || len(types) < 3 || strings.Count(selector, ":") != len(types)-3 {
		panic("objc: the table's row " + class + " " + selector + " has the encoding " + encoding)
	}
	registry.Lock()
	defer registry.Unlock()
	m := &Method{
		class: registry.classes[class], meta: meta, selector: selector, encoding: encoding,
		args: len(types) - 3, result: types[0][0], ownership: ownership, min: mustVersion(min),
	}
	registry.methods = append(registry.methods, m)
	return m
}

// failing marks a method whose last argument is an NSError**.
func (m *Method) failing() *Method {
	m.errorOut = true
	return m
}

// calling marks a method that takes a block of the given encoding.
func (m *Method) calling(block string, escape Escape) *Method {
	types, err := parseEncoding(block)
	if err != nil || len(types) < 2 || len(types)-2 > maxBlockWords {
		panic("objc: the block of " + m.String() + " has the encoding " + block)
	}
	m.block, m.words, m.escape = block, len(types)-2, escape
	return m
}

// maxBlockWords is the most arguments that a block of the table takes.
const maxBlockWords = 3

// Function is a C function of the table.
type Function struct {
	library, name, encoding string
	args                    int
	min                     Version

	addr atomic.Uintptr
}

// Name returns the function's symbol.
func (f *Function) Name() string { return f.name }

// Library returns the framework that declares the function.
func (f *Function) Library() string { return f.library }

// Encoding returns the type encoding of the result and the arguments.
func (f *Function) Encoding() string { return f.encoding }

// MinMacOS returns the first version of macOS that has the function.
func (f *Function) MinMacOS() Version { return f.min }

// function adds a C function to the table.
func function(library, name, encoding, min string) *Function {
	types, err := parseEncoding(encoding)
	if err != nil || len(types) == 0 {
		panic("objc: the table's function " + name + " has the encoding " + encoding)
	}
	f := &Function{library: library, name: name, encoding: encoding, args: len(types) - 1, min: mustVersion(min)}
	registry.Lock()
	defer registry.Unlock()
	registry.functions = append(registry.functions, f)
	return f
}

// Symbol is a C constant of the table that holds a string object.
type Symbol struct {
	library, name string
}

// Library returns the framework that declares the constant.
func (s *Symbol) Library() string { return s.library }

// Name returns the constant's symbol.
func (s *Symbol) Name() string { return s.name }

// symbol adds a C constant to the table.
func symbol(library, name string) *Symbol {
	s := &Symbol{library: library, name: name}
	registry.Lock()
	defer registry.Unlock()
	registry.symbols = append(registry.symbols, s)
	return s
}
