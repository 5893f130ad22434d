package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// How codes that stream from memory are fetched ahead is the processor's: the
// argument "fetch" of a kernel says it. What a way costs where it is the wrong one is
// up to half of the rate.
//
// 0 fetches into the second cache, from afar. Zen 4 wants it: there a fetch into the
// first holds one of the few places for missing lines until memory answers. 1 does so
// from nearby, as Intel's want it, where a fetch past the second cache is much the
// slowest way. 2 fetches past the second cache, which keeps what is used again, and is
// the fastest on Zen 5.

// fetchNear is the way into the second cache a few lines ahead, fetchPast that past it.
const (
	fetchNear = 1
	fetchPast = 2
)

// How far ahead the ways fetch. From nearby it is the kernel's.
const (
	secondAhead = 8192
	pastAhead   = 7168
	codesAhead  = 4096
	halvesAhead = 2048
)

// fetchParam is the parameter of kernels that fetch as they are told, and fetchWay
// its register in those that have one for it.
var fetchParam = asm.P("fetch", asm.Int)

const fetchWay = R14

// fetch fetches n lines ahead of codesPtr: into the second cache among the kernel's
// instructions, and in the others behind its end.
func (f fn) fetch(n, nearAhead int) { f.fetchFrom(codesPtr, fetchWay, n, nearAhead) }

// fetchFrom is fetch for another pointer, as a register or an argument says.
func (f fn) fetchFrom(ptr reg, way src, n, nearAhead int) {
	other, near, fetched := f.NewLabel("other"), f.NewLabel("near"), f.NewLabel("fetched")
	f.CMPQ(way, imm(0))
	f.JNE(other)
	fetchEach(ptr, n, secondAhead, f.PREFETCHT1)
	f.Bind(fetched)
	f.Later(func() {
		f.Bind(other)
		f.CMPQ(way, imm(fetchNear))
		f.JEQ(near)
		fetchEach(ptr, n, pastAhead, f.PREFETCHNTA)
		f.JMP(fetched)
		f.Bind(near)
		fetchEach(ptr, n, nearAhead, f.PREFETCHT1)
		f.JMP(fetched)
	})
}

// fetchEach fetches n lines at a distance.
func fetchEach(ptr reg, n, ahead int, fetch func(mem)) {
	for i := range n {
		fetch(ptr.At(ahead + 64*i))
	}
}
