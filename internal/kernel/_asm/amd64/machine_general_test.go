package amd64

import (
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/kernel/_asm/asmtest"
)

// generalOps are instructions that make an integer of one from operands: its size
// in memory, whether the destination is read, whether it is written, and what it
// becomes.
var generalOps = map[string]struct {
	size                 int
	reads, writes, flags bool
	do                   func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value
}{
	"MOVQ":    {8, false, true, false, func(_ *asmtest.Walk, a, _ asmtest.Value) asmtest.Value { return a }},
	"MOVL":    {4, false, true, false, func(w *asmtest.Walk, a, _ asmtest.Value) asmtest.Value { return number(w.Int(a) & 0xFFFFFFFF) }},
	"MOVBLZX": {1, false, true, false, func(w *asmtest.Walk, a, _ asmtest.Value) asmtest.Value { return number(w.Int(a) & 0xFF) }},
	"MOVWLZX": {2, false, true, false, func(w *asmtest.Walk, a, _ asmtest.Value) asmtest.Value { return number(w.Int(a) & 0xFFFF) }},
	"KMOVW":   {4, false, true, false, func(w *asmtest.Walk, a, _ asmtest.Value) asmtest.Value { return number(w.Int(a) & 0xFFFF) }},
	"ADDQ":    {8, true, true, true, (*asmtest.Walk).Sum},
	"SUBQ":    {8, true, true, true, difference},
	"IMULQ":   {8, true, true, true, func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value { return number(w.Int(a) * w.Int(dst)) }},
	"CMPQ":    {8, true, false, true, func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value { return difference(w, dst, a) }},
	"ANDQ":    {8, true, true, true, func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value { return w.And(dst, w.Int(a)) }},
	"TESTQ":   {8, true, false, true, func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value { return truth(w, a, dst) }},
	"XORQ":    {8, true, true, true, func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value { return number(w.Int(a) ^ w.Int(dst)) }},
	"ORL":     {4, true, true, true, func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value { return number(w.Int(a) | w.Int(dst)) }},
	"SHLQ":    {8, true, true, true, func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value { return number(w.Int(dst) << w.Int(a)) }},
	"SHLL":    {4, true, true, true, func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value { return number(w.Int(dst) << w.Int(a)) }},
	"SHRQ": {8, true, true, true, func(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value {
		return number(int(uint64(w.Int(dst)) >> w.Int(a)))
	}},
}

func number(n int) asmtest.Value { return asmtest.Value{N: n} }

// difference is dst - a; that of two pointers into one memory is a number.
func difference(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value {
	if a.Into == dst.Into {
		return number(dst.N - a.N)
	}
	return asmtest.Value{Into: dst.Into, N: dst.N - w.Int(a)}
}

// truth is what TESTQ finds: of a pointer with itself, whether it is nil.
func truth(w *asmtest.Walk, a, dst asmtest.Value) asmtest.Value {
	if a.Into != "" && a == dst {
		return number(1)
	}
	return number(w.Int(a) & w.Int(dst))
}

// conditions are the jumps, by the sign of what set the flags: no kernel counts so
// far that a difference overflows.
var conditions = map[string]func(sign int) bool{
	"JZ": func(n int) bool { return n == 0 }, "JEQ": func(n int) bool { return n == 0 },
	"JNZ": func(n int) bool { return n != 0 }, "JNE": func(n int) bool { return n != 0 },
	"JLE": func(n int) bool { return n <= 0 }, "JLT": func(n int) bool { return n < 0 }, "JGE": func(n int) bool { return n >= 0 }, "JGT": func(n int) bool { return n > 0 },
}

// otherOps are the instructions that are not on vectors.
func otherOps(l asmtest.Line) (asmtest.Effect, bool) {
	if taken, ok := conditions[l.Op]; ok {
		return asmtest.Effect{Reads: []string{asmtest.Flags}, Jump: l.Operands[0], Do: func(w *asmtest.Walk) { w.Jump(taken(w.Sign())) }}, true
	}
	if _, ok := generalOps[l.Op]; ok {
		return generalEffect(l)
	}
	switch l.Op {
	case "JMP":
		return asmtest.Effect{Jump: l.Operands[0], Ends: true, Do: func(w *asmtest.Walk) { w.Jump(true) }}, true
	case "RET":
		return asmtest.Effect{Ends: true, Returns: true}, true
	case "CPUID":
		answer := []string{"AX", "BX", "CX", "DX"}
		return asmtest.Effect{Reads: []string{"AX", "CX"}, Writes: answer, Do: func(w *asmtest.Walk) {
			for _, r := range answer {
				w.Set(r, number(0))
			}
		}}, true
	case "XGETBV":
		return asmtest.Effect{Reads: []string{"CX"}, Writes: []string{"AX", "DX"}, Do: func(w *asmtest.Walk) {
			w.Set("AX", number(0))
			w.Set("DX", number(0))
		}}, true
	case "VZEROUPPER":
		return asmtest.Effect{Cleans: true, Set: avx2}, true
	case "DECQ":
		r := l.Operands[0]
		return asmtest.Effect{Reads: []string{r}, Writes: []string{r, asmtest.Flags}, Do: func(w *asmtest.Walk) {
			w.Set(r, w.Sum(w.Get(r), number(-1)))
			w.Result(w.Get(r))
		}}, true
	case "LEAQ", "PREFETCHT0", "PREFETCHT1", "PREFETCHNTA":
		return addressEffect(l)
	}
	return asmtest.Effect{}, false
}

// addressEffect takes an address, and reads nothing there.
func addressEffect(l asmtest.Line) (e asmtest.Effect, ok bool) {
	a, err := memory(l.Operands[0])
	if err != nil {
		return e, false
	}
	a.Address, a.Size = true, 0
	e.Memory = []asmtest.Access{a}
	if l.Op == "LEAQ" {
		dst := l.Operands[1]
		e.Writes = []string{dst}
		e.Do = func(w *asmtest.Walk) { w.Set(dst, w.At(a)) }
	}
	return withAddresses(e), true
}

// generalEffect is what an instruction of generalOps does.
func generalEffect(l asmtest.Line) (e asmtest.Effect, ok bool) {
	op := generalOps[l.Op]
	// CMPQ has the destination first, if it is one.
	source, last := l.Operands[0], l.Operands[1]
	var load func(w *asmtest.Walk, o string) asmtest.Value
	var store *asmtest.Access
	loads := map[string]asmtest.Access{}
	for i, o := range []string{source, last} {
		switch {
		case strings.HasPrefix(o, "$"):
		case isRegister(o):
			if i == 0 || op.reads {
				e.Reads = append(e.Reads, place(o))
			}
			if i == 1 && op.writes {
				e.Writes = append(e.Writes, place(o))
			}
		default:
			a, err := memory(o)
			if err != nil {
				return e, false
			}
			a.Size, a.Store = op.size, i == 1 && op.writes
			loads[o] = a
			if a.Store {
				store = &a
			}
			e.Memory = append(e.Memory, a)
		}
	}
	load = func(w *asmtest.Walk, o string) asmtest.Value {
		if a, ok := loads[o]; ok {
			return w.Load(a)
		}
		if strings.HasPrefix(o, "$") {
			return number(integer(o[1:]))
		}
		return w.Get(o)
	}
	if op.flags {
		e.Writes = append(e.Writes, asmtest.Flags)
	}
	if l.Op == "XORQ" && source == last {
		e.Reads = nil
	}
	if store == nil {
		e.Do = func(w *asmtest.Walk) {
			v := asmtest.Value{}
			if l.Op != "XORQ" || source != last {
				v = op.do(w, load(w, source), load(w, last))
			}
			if op.writes {
				w.Set(last, v)
			}
			if op.flags {
				w.Result(v)
			}
		}
	}
	return withAddresses(e), true
}

// withAddresses adds the registers that addresses are made of.
func withAddresses(e asmtest.Effect) asmtest.Effect {
	for _, a := range e.Memory {
		for _, r := range []string{a.Base, a.Index} {
			if r != "" && !slices.Contains(e.Reads, r) {
				e.Reads = append(e.Reads, r)
			}
		}
	}
	return e
}
