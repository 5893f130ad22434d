package main

import (
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/mil"
)

// weightInfo sums the stored tensors of one role and element type.
type weightInfo struct {
	// Role is what uses the tensors: constexpr operators by their name without
	// the prefix, and everything else as const.
	Role     string `json:"role"`
	DType    string `json:"dtype"`
	Tensors  int    `json:"tensors"`
	Elements int64  `json:"elements"`
	Bytes    int64  `json:"bytes"`
}

// blobKey is a place in a weight file. Functions share weights, which count
// once.
type blobKey struct {
	file   string
	offset uint64
}

type weightCounter struct {
	seen   map[blobKey]bool
	byType map[string]*weightInfo
}

// block counts the stored values that a block uses.
func (w *weightCounter) block(b *mil.Block) {
	for _, op := range b.Ops {
		role := "const"
		if rest, ok := strings.CutPrefix(op.Type, "constexpr_"); ok {
			role = rest
		}
		if op.Type != "const" {
			for _, arg := range op.Inputs {
				as := role
				if role != "const" {
					as += " " + arg.Name
				}
				for _, v := range arg.Values {
					w.value(as, v)
				}
			}
		}
		for _, inner := range op.Blocks {
			w.block(inner)
		}
	}
	for _, v := range b.Outputs {
		w.value("const", v)
	}
}

func (w *weightCounter) value(role string, v *mil.Value) {
	if v == nil || v.Const == nil || v.Const.Blob == "" {
		return
	}
	key := blobKey{v.Const.Blob, v.Const.Offset}
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	dtype := v.Const.DType.String()
	name := role + " " + dtype
	info := w.byType[name]
	if info == nil {
		info = &weightInfo{Role: role, DType: dtype}
		w.byType[name] = info
	}
	info.Tensors++
	info.Elements += int64(v.Const.Len())
	info.Bytes += int64(len(v.Const.Data))
}

// list returns the sums, the largest first.
func (w *weightCounter) list() []weightInfo {
	out := []weightInfo{}
	for _, info := range w.byType {
		out = append(out, *info)
	}
	slices.SortFunc(out, func(a, b weightInfo) int {
		if a.Bytes != b.Bytes {
			return int(min(max(b.Bytes-a.Bytes, -1), 1))
		}
		return strings.Compare(a.Role+a.DType, b.Role+b.DType)
	})
	return out
}
