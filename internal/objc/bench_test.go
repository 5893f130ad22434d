//go:build (darwin || linux) && (amd64 || arm64)

package objc

import "testing"

func BenchmarkSend(b *testing.B) {
	load(b)
	var array *Object
	WithPool(func() { array = Retain(Ints([]int{1, 2, 3})) })
	defer array.Close()
	id := array.ID()
	b.ReportAllocs()
	for b.Loop() {
		SendInt(id, NSArray.Count)
	}
}

func BenchmarkSendFloat64(b *testing.B) {
	load(b)
	var number *Object
	WithPool(func() { number = Retain(Float(2.5)) })
	defer number.Close()
	id := number.ID()
	b.ReportAllocs()
	for b.Loop() {
		SendFloat64(id, NSNumber.Double)
	}
}

func BenchmarkWithPool(b *testing.B) {
	load(b)
	b.ReportAllocs()
	for b.Loop() {
		WithPool(func() {})
	}
}

func BenchmarkBlock(b *testing.B) {
	load(b)
	m := calling()
	b.ReportAllocs()
	for b.Loop() {
		if err := WithBlock(m, func(_, _, _ uintptr) {}, func(block uintptr) { callBlock(block, 1, 2, 3) }); err != nil {
			b.Fatal(err)
		}
	}
}
