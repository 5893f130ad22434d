package arm64

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// What the instructions do, as Arm's manual (chapter C7) says: a description of its
// own, beside the encodings of the emitters, with which tests read what was written.

// Instruction sets: the first is part of the architecture, the second of Armv8.2,
// where a processor may lack it, and of Armv8.4.
const (
	neon = "NEON"
	dot  = "the dot product extension"
)

// vectorOp says of an instruction on vectors what its operands do not.
type vectorOp struct {
	adds bool // the destination is read, too: a sum, or lanes that stay
	set  string
}

// vectorOps are all instructions on vectors that kernels may have, but for loads
// and stores.
var vectorOps = map[string]vectorOp{
	"fadd": {}, "fsub": {}, "fmul": {}, "fdiv": {}, "fmax": {}, "fmin": {}, "faddp": {}, "fmaxp": {}, "fmaxv": {},
	"fcmgt": {}, "fcmeq": {}, "fabs": {}, "fneg": {}, "frintn": {},
	"fmla": {adds: true}, "fmls": {adds: true}, "mla": {adds: true},
	"scvtf": {}, "fcvtns": {}, "fcvtl": {}, "fcvtl2": {}, "fcvtn": {}, "fcvtn2": {adds: true},
	"and": {}, "eor": {}, "bit": {adds: true},
	"add": {}, "sub": {}, "addp": {}, "saddlp": {}, "sadalp": {adds: true}, "smull": {}, "smull2": {}, "smlal": {adds: true}, "smlal2": {adds: true},
	"sxtl": {}, "sxtl2": {}, "uxtl": {}, "uxtl2": {},
	"sdot": {adds: true, set: dot}, "udot": {adds: true, set: dot},
	"ushl": {}, "shl": {}, "ushr": {}, "sshr": {},
	"xtn": {}, "sqxtn": {}, "sqxtn2": {adds: true},
	"uzp1": {}, "uzp2": {}, "trn1": {}, "trn2": {}, "zip1": {}, "zip2": {}, "tbl": {}, "dup": {},
	"mov": {}, "movi": {},
}

// loadsAndStores are those, and whether they store. The size is that of the
// registers.
var loadsAndStores = map[string]bool{"ldr": false, "ldp": false, "ld1r": false, "ld1": false, "str": true, "stp": true, "prfm": false}

// machine tells the effect of an instruction.
func machine(l asmtest.Line) (asmtest.Effect, error) {
	if v, ok := vectorOps[l.Op]; ok {
		return v.effect(l)
	}
	if store, ok := loadsAndStores[l.Op]; ok {
		return moves(l, store)
	}
	if e, ok := generalEffect(l); ok {
		return e, nil
	}
	return asmtest.Effect{}, fmt.Errorf("nobody knows the instruction %s", l.Op)
}

// effect has the destination first.
func (v vectorOp) effect(l asmtest.Line) (asmtest.Effect, error) {
	e := asmtest.Effect{Set: v.set}
	if e.Set == "" {
		e.Set = neon
	}
	for i, o := range l.Operands {
		if strings.HasPrefix(o, "#") {
			continue
		}
		list, _ := vectorsOf(o)
		if list == nil {
			return e, fmt.Errorf("nobody knows the operand %s", o)
		}
		if i == 0 {
			e.Writes = list
		}
		if i > 0 || v.adds {
			e.Reads = append(e.Reads, list...)
		}
	}
	return e, nil
}

// The forms of operands: a register, one of its lanes or a run of them, as q0,
// v3.4s, v3.s[1], {v3.16b-v6.16b} and {v3.h}[2].
var (
	vectorForm = regexp.MustCompile(`^\{?([vqdshb])(\d+)(?:\.(\d*)([bhsd]))?(?:-v(\d+)\.16b)?\}?(\[\d+\])?$`)
	memoryForm = regexp.MustCompile(`^\[x(\d+)(?:, (?:#(-?\d+)|x(\d+)))?\]$`)
)

// vectorsOf returns the registers of an operand, and the bytes that a load of it
// takes.
func vectorsOf(o string) (list []string, size int) {
	m := vectorForm.FindStringSubmatch(o)
	if m == nil {
		return nil, 0
	}
	first := integer(m[2])
	last := first
	if m[5] != "" {
		last = integer(m[5])
	}
	for i := first; i <= last; i++ {
		list = append(list, fmt.Sprintf("V%d", i))
	}
	sizes := map[string]int{"b": 1, "h": 2, "s": 4, "d": 8, "q": 16}
	if m[1] == "v" {
		return list, sizes[m[4]]
	}
	return list, sizes[m[1]]
}

// moves are loads and stores of one or two registers, which may move the address on.
func moves(l asmtest.Line, store bool) (e asmtest.Effect, err error) {
	e.Set = neon
	var a asmtest.Access
	step := 0
	for i, o := range l.Operands {
		list, size := vectorsOf(o)
		switch m := memoryForm.FindStringSubmatch(o); {
		case m != nil:
			a.Base, a.Offset = "R"+m[1], integer(m[2])
			e.Reads = append(e.Reads, a.Base)
			if m[3] != "" {
				a.Index, a.Scale = "R"+m[3], 1
				e.Reads = append(e.Reads, a.Index)
			}
		case strings.HasPrefix(o, "#") && i == len(l.Operands)-1:
			step = integer(o[1:])
		case o == "pldl1keep":
			a.Address = true
		case list == nil:
			return e, fmt.Errorf("nobody knows the operand %s", o)
		default:
			a.Size += size
			if store {
				e.Reads = append(e.Reads, list...)
				break
			}
			// One lane is loaded, the others stay.
			if l.Op == "ld1" {
				lane := o[strings.Index(o, "[")+1 : len(o)-1]
				e.Lane = fmt.Sprintf("%s.%s/%d", list[0], lane, 16/size)
			} else {
				e.Writes = append(e.Writes, list...)
			}
		}
	}
	a.Store = store
	e.Memory = []asmtest.Access{a}
	if step != 0 {
		e.Writes = append(e.Writes, a.Base)
		e.Do = func(w *asmtest.Walk) { w.Set(a.Base, w.Sum(w.Get(a.Base), number(step))) }
	}
	return e, nil
}

func integer(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func number(n int) asmtest.Value { return asmtest.Value{N: n} }

// generalOps are instructions on general registers: dst = b op a, with a first.
var generalOps = map[string]struct {
	flags bool
	do    func(w *asmtest.Walk, a, b asmtest.Value) asmtest.Value
}{
	"ADD":  {false, (*asmtest.Walk).Sum},
	"SUB":  {false, func(w *asmtest.Walk, a, b asmtest.Value) asmtest.Value { return w.Sum(b, number(-w.Int(a))) }},
	"ADDS": {true, (*asmtest.Walk).Sum},
	"SUBS": {true, func(w *asmtest.Walk, a, b asmtest.Value) asmtest.Value { return w.Sum(b, number(-w.Int(a))) }},
	"CMP":  {true, func(w *asmtest.Walk, a, b asmtest.Value) asmtest.Value { return number(w.Int(b) - w.Int(a)) }},
	"MUL":  {false, func(w *asmtest.Walk, a, b asmtest.Value) asmtest.Value { return number(w.Int(a) * w.Int(b)) }},
	"LSL":  {false, func(w *asmtest.Walk, a, b asmtest.Value) asmtest.Value { return number(w.Int(b) << w.Int(a)) }},
}

// conditions are the jumps, by the sign of what set the flags: no kernel counts so
// far that a difference overflows.
var conditions = map[string]func(sign int) bool{
	"BEQ": func(n int) bool { return n == 0 }, "BNE": func(n int) bool { return n != 0 },
	"BLT": func(n int) bool { return n < 0 }, "BGE": func(n int) bool { return n >= 0 },
}

var (
	argumentForm = regexp.MustCompile(`^(\w+)\+(\d+)\(FP\)$`)
	constantForm = regexp.MustCompile(`^\$·(\w+)<>\(SB\)$`)
	pointerForm  = regexp.MustCompile(`^\((R\d+)\)$`)
)

// generalEffect reads the instructions that Go's assembler knows: their destination
// is the last operand.
func generalEffect(l asmtest.Line) (e asmtest.Effect, ok bool) {
	if taken, ok := conditions[l.Op]; ok {
		return asmtest.Effect{Reads: []string{asmtest.Flags}, Jump: l.Operands[0], Do: func(w *asmtest.Walk) { w.Jump(taken(w.Sign())) }}, true
	}
	if _, ok := generalOps[l.Op]; ok {
		return arithmeticEffect(l), true
	}
	switch l.Op {
	case "RET":
		return asmtest.Effect{Ends: true, Returns: true}, true
	case "JMP":
		return asmtest.Effect{Jump: l.Operands[0], Ends: true, Do: func(w *asmtest.Walk) { w.Jump(true) }}, true
	case "CBZ":
		r := l.Operands[0]
		return asmtest.Effect{Reads: []string{r}, Jump: l.Operands[1], Do: func(w *asmtest.Walk) { w.Jump(w.Get(r) == number(0)) }}, true
	case "MOVD", "FMOVS":
		return move(l)
	}
	return e, false
}

// move takes a parameter, the address of a constant, an integer in memory or another
// register, or stores the result.
func move(l asmtest.Line) (e asmtest.Effect, ok bool) {
	source, dst := l.Operands[0], l.Operands[1]
	size := map[string]int{"MOVD": 8, "FMOVS": 4}[l.Op]
	if m := argumentForm.FindStringSubmatch(dst); m != nil {
		e.Reads = []string{register(source)}
		e.Memory = []asmtest.Access{{Of: asmtest.Argument, Name: m[1], Offset: integer(m[2]), Size: size, Store: true}}
		return e, true
	}
	dst = register(dst)
	e.Writes = []string{dst}
	if m := argumentForm.FindStringSubmatch(source); m != nil {
		a := asmtest.Access{Of: asmtest.Argument, Name: m[1], Offset: integer(m[2]), Size: size}
		e.Memory = []asmtest.Access{a}
		e.Do = func(w *asmtest.Walk) { w.Set(dst, w.Load(a)) }
		return e, true
	}
	if m := constantForm.FindStringSubmatch(source); m != nil {
		e.Memory = []asmtest.Access{{Of: asmtest.Constant, Name: m[1], Address: true}}
		e.Do = func(w *asmtest.Walk) { w.Set(dst, asmtest.Value{Into: m[1]}) }
		return e, true
	}
	if n, ok := strings.CutPrefix(source, "$"); ok {
		e.Do = func(w *asmtest.Walk) { w.Set(dst, number(integer(n))) }
		return e, true
	}
	if m := pointerForm.FindStringSubmatch(source); m != nil {
		a := asmtest.Access{Base: m[1], Size: size}
		e.Reads, e.Memory = []string{m[1]}, []asmtest.Access{a}
		e.Do = func(w *asmtest.Walk) { w.Set(dst, w.Load(a)) }
		return e, true
	}
	source = register(source)
	e.Reads = []string{source}
	e.Do = func(w *asmtest.Walk) { w.Set(dst, w.Get(source)) }
	return e, strings.HasPrefix(source, "R")
}

// register is a register's name: Go's F3 is the manual's v3.
func register(o string) string {
	if n, ok := strings.CutPrefix(o, "F"); ok {
		return "V" + n
	}
	return o
}

// arithmeticEffect has two operands where the destination is the second of three.
func arithmeticEffect(l asmtest.Line) (e asmtest.Effect) {
	op := generalOps[l.Op]
	a, b := l.Operands[0], l.Operands[1]
	dst := l.Operands[len(l.Operands)-1]
	for _, o := range []string{a, b} {
		if !strings.HasPrefix(o, "$") {
			e.Reads = append(e.Reads, o)
		}
	}
	if l.Op != "CMP" {
		e.Writes = append(e.Writes, dst)
	}
	if op.flags {
		e.Writes = append(e.Writes, asmtest.Flags)
	}
	value := func(w *asmtest.Walk, o string) asmtest.Value {
		if n, ok := strings.CutPrefix(o, "$"); ok {
			return number(integer(n))
		}
		return w.Get(o)
	}
	e.Do = func(w *asmtest.Walk) {
		v := op.do(w, value(w, a), value(w, b))
		if slices.Contains(e.Writes, dst) {
			w.Set(dst, v)
		}
		if op.flags {
			w.Result(v)
		}
	}
	return e
}
