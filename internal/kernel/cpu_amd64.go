//go:build !noasm

package kernel

import (
	"encoding/binary"

	"golang.org/x/sys/cpu"
)

// These select the assembly. They are written at start and by SetVariant only.
var (
	useAsm bool
	// useAVX2 is set with useAVX512 too: what has no wider twin runs as it is.
	useAVX2   bool
	useAVX512 bool
	// useVNNI stands for the integer dot products, which not every processor with
	// AVX-512 has.
	useVNNI bool
	// useAMX stands for tiles of signed bytes, which come with AVX-512 and VNNI.
	useAMX bool
)

// fetchAhead is the way in which kernels fetch what streams from memory.
var fetchAhead = fetchSecond

// The ways, with the numbers that the assembly has for them: into the second cache, from
// afar and from nearby, and past it.
const (
	fetchSecond = iota
	fetchNear
	fetchPast
)

// These say what the processor and the operating system support.
var hasAVX2, hasAVX512, hasVNNI, hasAMX bool

// detect relies on x/sys/cpu to find out whether the operating system saves the
// wide registers too.
func detect() {
	x := &cpu.X86
	hasAVX2 = x.HasAVX2 && x.HasFMA && x.HasF16C
	hasAVX512 = hasAVX2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512DQ
	hasVNNI = hasAVX512 && x.HasAVX512VNNI
	hasAMX = hasVNNI && hasTiles() && permitTiles()
	vendor, family := identity()
	fetchAhead = fetchOf(vendor, family, hasAVX512)
}

// hasTiles reports whether the processor multiplies tiles of bytes and the operating
// system saves them. Whoever has AVX-512 here has XGETBV.
func hasTiles() bool {
	const tile, int8 = 1 << 24, 1 << 25 // of DX
	const saved = 1<<17 | 1<<18         // the tiles' shapes and their contents
	var about [4]uint32
	var xcr0 uint32
	if cpuid(&about[0], 0); about[0] < 7 {
		return false
	}
	if cpuid(&about[0], 7); about[3]&(tile|int8) != tile|int8 {
		return false
	}
	xgetbv(&xcr0)
	return xcr0&saved == saved
}

// identity returns the processor's vendor and family.
func identity() (vendor string, family int) {
	var name, about [4]uint32
	cpuid(&name[0], 0)
	cpuid(&about[0], 1)
	b := binary.LittleEndian.AppendUint32(nil, name[1])
	b = binary.LittleEndian.AppendUint32(b, name[3])
	b = binary.LittleEndian.AppendUint32(b, name[2])
	if family = int(about[0] >> 8 & 15); family == 15 {
		family += int(about[0] >> 20 & 255)
	}
	return string(b), family
}

// zen5 is the family of AMD's processors from Zen 5 on.
const zen5 = 0x1a

// fetchOf returns the way for a processor. Those of other vendors than AMD fetch as
// Intel's want it. On AMD's without AVX-512 nothing else than past the second cache was
// measured.
func fetchOf(vendor string, family int, avx512 bool) int {
	switch {
	case vendor != "AuthenticAMD":
		return fetchNear
	case family >= zen5 || !avx512:
		return fetchPast
	}
	return fetchSecond
}

// apply turns everything off for a variant that the machine lacks.
func apply(variant string) {
	useAMX = variant == AMX && hasAMX
	useAVX512 = useAMX || variant == AVX512 && hasAVX512
	useVNNI = useAVX512 && hasVNNI
	useAVX2 = useAVX512 || variant == AVX2 && hasAVX2
	useAsm = useAVX2
}

// available counts AVX-512 with or without VNNI, which has no name of its own.
func available() []string {
	switch {
	case hasAMX:
		return []string{AMX, AVX512, AVX2, Generic}
	case hasAVX512:
		return []string{AVX512, AVX2, Generic}
	case hasAVX2:
		return []string{AVX2, Generic}
	}
	return []string{Generic}
}
