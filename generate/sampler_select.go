package generate

import (
	"context"
	"slices"
)

// nucleus moves the likeliest candidates to the front, in falling order, until
// their sum reaches limit, and returns them. A heap finds them without sorting
// the whole vocabulary.
func nucleus(ctx context.Context, cands []candidate, limit float64) ([]candidate, float64, error) {
	n := len(cands)
	for i := n/2 - 1; i >= 0; i-- {
		if err := atStride(ctx, i); err != nil {
			return nil, 0, err
		}
		siftDown(cands, i, n)
	}
	var sum float64
	for n > 0 {
		if err := atStride(ctx, n); err != nil {
			return nil, 0, err
		}
		n--
		cands[0], cands[n] = cands[n], cands[0]
		siftDown(cands, 0, n)
		if sum += cands[n].p; sum >= limit {
			break
		}
	}
	// The heap was emptied from its end, so that the likeliest lies there.
	out := cands[n:]
	slices.Reverse(out)
	return out, sum, nil
}

// nucleusStride is the number of candidates between two looks at the context.
const nucleusStride = 4096

// atStride looks at the context once in a stride: each look costs as much as
// several candidates.
func atStride(ctx context.Context, i int) error {
	if i%nucleusStride != 0 {
		return nil
	}
	return ctx.Err()
}

// siftDown restores the heap of the likeliest-first order over cands[:n].
func siftDown(cands []candidate, i, n int) {
	for {
		child := 2*i + 1
		if child >= n {
			return
		}
		if child+1 < n && likelier(&cands[child+1], &cands[child]) {
			child++
		}
		if !likelier(&cands[child], &cands[i]) {
			return
		}
		cands[i], cands[child] = cands[child], cands[i]
		i = child
	}
}

// likelier orders candidates by falling logit, equal ones by rising id.
func likelier(a, b *candidate) bool {
	if a.logit != b.logit {
		return a.logit > b.logit
	}
	return a.id < b.id
}

// heapK is the greatest k for which a heap of the k largest, which one pass
// over the vocabulary seldom changes, is quicker than a selection.
const heapK = 1024

// kthLargest returns the k-th largest of x, k from 1 to len(x).
func (s *sampler) kthLargest(x []float32, k int) float32 {
	if k > heapK {
		s.scratch = append(s.scratch[:0], x...)
		return selectLargest(s.scratch, k)
	}
	s.scratch = append(s.scratch[:0], x[:k]...)
	heap := s.scratch // the least of the k largest first
	for i := k/2 - 1; i >= 0; i-- {
		siftDownLeast(heap, i)
	}
	for _, v := range x[k:] {
		if v > heap[0] {
			heap[0] = v
			siftDownLeast(heap, 0)
		}
	}
	return heap[0]
}

// siftDownLeast restores the order of a heap whose least element is the first.
func siftDownLeast(heap []float32, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && heap[child+1] < heap[child] {
			child++
		}
		if heap[child] >= heap[i] {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// selectLargest returns the k-th largest element, k from 1; it reorders x. It
// is Hoare's selection with the middle element as pivot.
func selectLargest(x []float32, k int) float32 {
	lo, hi, want := 0, len(x)-1, k-1
	for lo < hi {
		pivot := x[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for x[i] > pivot {
				i++
			}
			for x[j] < pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case want <= j:
			hi = j
		case want >= i:
			lo = i
		default:
			return x[want]
		}
	}
	return x[want]
}
