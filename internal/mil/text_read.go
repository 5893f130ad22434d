package mil

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"unsafe"

	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
)

// Limits of a program's text. What is made of it may take as much memory as what package
// milpb and this one make of messages, whatever the length of the text; real programs
// take a few megabytes.
const (
	maxTextMemory = 256 << 20
	maxTextBlocks = 100 // nested in each other; messages end at as many
)

// What the parts of a program are charged with.
const (
	opSize     = int(unsafe.Sizeof(Op{})) + 128 // with its places in lists and maps
	valueSize  = int(unsafe.Sizeof(Value{})) + 64
	constSize  = int(unsafe.Sizeof(Const{}))
	argSize    = int(unsafe.Sizeof(Argument{})) + 32
	typeSize   = int(unsafe.Sizeof(Type{}))
	stringSize = int(unsafe.Sizeof(""))
)

// FromText builds the typed form of a program from its text, the model.mil of a compiled
// model, and verifies it. Blobs may be nil when the program refers to no weight file. The
// text is not referred to afterwards. An error has a place in the text ([TextError]).
func FromText(ctx context.Context, text []byte, blobs BlobSource) (*Program, error) {
	budget := maxTextMemory
	return fromText(ctx, text, blobs, &budget)
}

// fromText takes what the program needs from a budget of memory.
func fromText(ctx context.Context, text []byte, blobs BlobSource, budget *int) (_ *Program, err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err) // the text may lie in a mapped file
	p := &textParser{lexer: lexer{src: text}, ctx: ctx, blobs: blobs, budget: budget, functions: map[string]int{}}
	program, err := p.program()
	if err != nil {
		return nil, err
	}
	sortFunctions(program.Functions)
	if err := verify(ctx, program, false); err != nil {
		return nil, p.locate(err)
	}
	return program, nil
}

// textParser reads the text of a program.
type textParser struct {
	lexer
	ctx    context.Context //nolint:containedctx // lives for one reading
	blobs  BlobSource
	budget *int
	// scope is every name visible at this point.
	scope map[string]*Value
	opset string // of the function that is being read
	depth int    // of nested blocks
	// Where operations and functions begin, for errors that are found later.
	ops       []placedOp
	functions map[string]int
}

// placedOp is an operation and its place in the text.
type placedOp struct {
	op    *Op
	place int
}

// spend accounts for memory about to be allocated.
func (p *textParser) spend(n int) error {
	if *p.budget -= n; *p.budget < 0 {
		return p.wrong(ErrStructure, "what the program says takes more than %d MiB of memory", maxTextMemory>>20)
	}
	return nil
}

// locate gives an error of the verifier the place of what it is about.
func (p *textParser) locate(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return p.foreign(0, err)
	}
	for i := range p.ops {
		if p.ops[i].op == e.at {
			return p.at(p.ops[i].place, err)
		}
	}
	return p.at(p.functions[e.Function], err)
}

// foreign places an error that another part made, unless it is about no place: that of
// the context, and of a whole weight file.
func (p *textParser) foreign(place int, err error) error {
	if p.ctx.Err() != nil && errors.Is(err, p.ctx.Err()) {
		return err
	}
	if blob, ok := errors.AsType[*modelpkg.BlobError](err); ok && blob.WholeFile() {
		return err
	}
	return p.at(place, err)
}

// name reads a name. One that is no identifier is written as a string, which only this
// package does: names in messages may be anything.
func (p *textParser) name() (string, error) {
	if p.tok.kind == textString {
		return p.string()
	}
	if p.tok.kind != textName {
		return "", p.expected("a name")
	}
	s := p.text()
	if err := p.spend(len(s)); err != nil {
		return "", err
	}
	return s, p.next()
}

// string reads a string.
func (p *textParser) string() (string, error) {
	s, err := p.quoted()
	if err != nil {
		return "", err
	}
	if err := p.spend(len(s) + stringSize); err != nil {
		return "", err
	}
	return s, p.next()
}

// program reads the whole text.
func (p *textParser) program() (*Program, error) {
	program := &Program{Attributes: map[string]string{}}
	if err := p.next(); err != nil {
		return nil, err
	}
	if err := p.word("program"); err != nil {
		return nil, err
	}
	if err := p.skip('('); err != nil {
		return nil, err
	}
	var err error
	if program.Version, err = p.version(); err != nil {
		return nil, err
	}
	if err := p.skip(')'); err != nil {
		return nil, err
	}
	if err := p.programAttributes(program.Attributes); err != nil {
		return nil, err
	}
	if err := p.skip('{'); err != nil {
		return nil, err
	}
	for p.tok.kind != '}' {
		f, err := p.readFunction()
		if err != nil {
			return nil, err
		}
		program.Functions = append(program.Functions, f)
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	return program, p.skip(textEnd)
}

// version reads the version of the text, 1.0 or 1.3: the program's own is the first
// number. The second says how scalars are spelled, which is seen from the types.
func (p *textParser) version() (int64, error) {
	major, minor, ok := strings.Cut(p.text(), ".")
	v, err := strconv.ParseUint(major, 10, 31)
	if _, err2 := strconv.ParseUint(minor, 10, 31); p.tok.kind != textNumber || !ok || err != nil || err2 != nil {
		return 0, p.expected("a version")
	}
	return int64(v), p.next()
}

// readFunction reads a function. Its attributes repeat what the description says.
func (p *textParser) readFunction() (*Function, error) {
	if err := p.spend(opSize); err != nil {
		return nil, err
	}
	if err := p.word("func"); err != nil {
		return nil, err
	}
	f := &Function{}
	var err error
	start := p.tok.start
	if f.Name, err = p.name(); err != nil {
		return nil, err
	}
	p.functions[f.Name] = start
	if f.Opset, err = p.operatorSet(); err != nil {
		return nil, err
	}
	p.opset, p.scope = f.Opset, map[string]*Value{}
	if f.Inputs, err = p.parameters(); err != nil {
		return nil, err
	}
	if err := p.eachAttribute(func(string) error { return p.passOver() }); err != nil {
		return nil, err
	}
	f.Body = &Block{}
	if err := p.body(f.Body); err != nil {
		return nil, err
	}
	return f, p.skip(';')
}

// The operator sets by the names that texts and messages have for them.
var textOpsets = map[string]string{
	"ios15": "CoreML5", "ios16": "CoreML6", "ios17": "CoreML7", "ios18": "CoreML8", "ios26": "CoreML9",
}

// operatorSet reads the name of an operator set. A set that no system is known to have is
// written by its name in messages.
func (p *textParser) operatorSet() (string, error) {
	if err := p.skip('<'); err != nil {
		return "", err
	}
	start := p.tok.start
	name, err := p.name()
	if err != nil {
		return "", err
	}
	if set, ok := textOpsets[name]; ok {
		return set, p.skip('>')
	}
	if _, err := opsetNumber(name); err != nil {
		return "", p.at(start, err)
	}
	return name, p.skip('>')
}
