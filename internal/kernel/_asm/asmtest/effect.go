package asmtest

// Effect is what an instruction does, as far as the rules ask: an architecture's
// manual in the words that both have in common.
type Effect struct {
	// Reads and Writes are registers by a name that their parts share, and Flags.
	Reads, Writes []string

	// Lane is a part of a register that is written while the others stay, as
	// "V3.1/4": the second of four. A register has a value when all its parts have.
	Lane string

	// Memory is what is read and stored there.
	Memory []Access

	// Jump is the label that may come next. Ends says that the next line does not.
	Jump string
	Ends bool

	// Returns says that the instruction returns to the caller.
	Returns bool

	// Dirties says that it writes upper halves of vector registers for which code of
	// other instruction sets would wait, Cleans that it clears all of them.
	Dirties, Cleans bool

	// Set is the instruction set that a processor needs to have.
	Set string

	// Do is what it does to integers: nil where there are none.
	Do func(w *Walk)
}

// Flags is the name of the flags among the registers.
const Flags = "flags"

// Access is a run of bytes in memory.
type Access struct {
	// Base and Index are registers, of which the index counts Scale times.
	Base, Index   string
	Scale, Offset int

	// Name is set where the base is a parameter's place, a constant or the frame.
	Name string
	Of   Space

	Size  int
	Store bool

	// Masked says that lanes may be left out.
	Masked bool

	// Address says that only the address is taken, or fetched ahead of time, which
	// no processor takes amiss.
	Address bool
}

// Space is where named memory lies.
type Space int

// The spaces.
const (
	Register Space = iota // at an address in registers
	Argument              // name+offset(FP)
	Constant              // name<>(SB)
	Local                 // name-offset(SP)
)

// Machine tells the effect of an instruction. It has to know every instruction that
// the kernels have: what it does not know is an error.
type Machine func(Line) (Effect, error)
