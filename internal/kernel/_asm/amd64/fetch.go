package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// How codes that stream from memory are fetched ahead is the processor's: the
// argument "fetch" of a kernel says it. What a way costs where it is the wrong one is
// up to half of the rate.
//
// 0 fetches into the second cache. Zen 4 wants it: there a fetch into the first holds
// one of the few places for missing lines until memory answers. 2 fetches past the
// second cache, which keeps what is used again, and is the fastest on Zen 5.

// fetchFirst is the way into the first cache, a few lines ahead, as Intel's want it.
const fetchFirst = 1

// How far ahead the ways fetch. Into the first cache it is the kernel's, of which
// few lines may be on the way at a time.
const (
	secondAhead = 8192
	pastAhead   = 7168
	codesAhead  = 4096
	halvesAhead = 2048
)

// fetchParam is the parameter of kernels that fetch as they are told, and fetchWay
// its register.
var fetchParam = asm.P("fetch", asm.Int)

const fetchWay = R14

// fetch fetches n lines ahead of codesPtr: into the second cache among the kernel's
// instructions, and in the others behind its end.
func (f fn) fetch(n, firstAhead int) {
	other, first, fetched := f.NewLabel("other"), f.NewLabel("first"), f.NewLabel("fetched")
	f.TESTQ(fetchWay, fetchWay)
	f.JNZ(other)
	fetchEach(n, secondAhead, f.PREFETCHT1)
	f.Bind(fetched)
	f.Later(func() {
		f.Bind(other)
		f.CMPQ(fetchWay, imm(fetchFirst))
		f.JEQ(first)
		fetchEach(n, pastAhead, f.PREFETCHNTA)
		f.JMP(fetched)
		f.Bind(first)
		fetchEach(n, firstAhead, f.PREFETCHT0)
		f.JMP(fetched)
	})
}

// fetchEach fetches n lines at a distance.
func fetchEach(n, ahead int, fetch func(mem)) {
	for i := range n {
		fetch(codesPtr.At(ahead + 64*i))
	}
}
