package op

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// non_maximum_suppression, greedy as in the papers on detectors of objects: operands by
// number are boxes, scores, iou_threshold, max_boxes, per_class_suppression (false) and
// score_threshold (none). Boxes are (x, y, width, height) with (x, y) the centre.
// Sources: coremltools, mil/ops/defs, iOS15/tensor_operation.py and iOS17's.
//
// Of n boxes each is compared with those chosen before, at most max_boxes of them. The
// cost depends on numbers in the operands, so the planner does not fold it.
func init() {
	add(Operator{
		// Up to iOS16 boxes are [n, boxes, 4] and scores below a threshold are
		// rejected; from iOS17 on they are [n, 4, boxes] and there is neither the
		// threshold nor the count of the boxes selected.
		Name: "non_maximum_suppression", Exact: true,
		Params: in("boxes", "scores!", "iou_threshold", "max_boxes!", "per_class_suppression", "score_threshold"),
		Shape:  nmsShape, Eval: nonMaximumSuppression, Local: func() any { return &nms{} },
		Folding: CostUnbounded, Results: &Bounds{3, 4}, Note: "score_threshold up to iOS16; boxes along the last dimension from iOS17",
	})
}

// nms selects boxes of one batch element: the best first, without those that overlap
// a better one too much. It belongs to a step and keeps the memory for that.
type nms struct {
	batch, boxes, classes, maxBoxes int
	boxesLast                       bool // the boxes run along the last dimension
	perClass                        bool
	iouThreshold, scoreThreshold    float32
	work                            array.Counter

	corners [][4]float32 // left, bottom, right, top
	best    []float32    // the highest score of each box
	class   []int        // and its class
	order   []int        // the boxes, the best first
	chosen  []int        // those selected, in that order
}

// nms reads the operands. Both the shape rule and the definition need them. A program
// of iOS17 has no threshold of scores: -Inf rejects none.
func (c *Call) nms() (*nms, error) {
	s := localOf[nms](c)
	if err := s.measure(c); err != nil {
		return nil, err
	}
	var err error
	if s.maxBoxes, err = c.intIn(3, 0); err != nil {
		return nil, err
	}
	if s.iouThreshold, err = c.floatIn(2, 0); err != nil {
		return nil, err
	}
	if s.perClass, err = c.BoolIn(4, false); err != nil {
		return nil, err
	}
	s.scoreThreshold, err = c.floatIn(5, float32(math.Inf(-1)))
	return s, err
}

// measure takes the sizes from boxes and scores, which have to agree. A box without a
// class could not be ranked.
func (s *nms) measure(c *Call) error {
	b, p := c.In(0), c.In(1)
	s.boxesLast = c.opset() >= opsetIOS17
	n, k := 1, 2 // the dimensions of the boxes and of what belongs to each
	if s.boxesLast {
		n, k = 2, 1
	}
	if b.Rank == 3 && p.Rank == 3 {
		s.batch, s.boxes, s.classes = b.Dims[0], b.Dims[n], p.Dims[k]
	}
	if b.Rank != 3 || p.Rank != 3 || b.Dims[0] != p.Dims[0] || b.Dims[k] != 4 || p.Dims[n] != s.boxes || s.classes == 0 {
		return fmt.Errorf("boxes of shape %v and scores of shape %v do not fit", b.ShapeCopy(), p.ShapeCopy())
	}
	return nil
}

// nmsShape has room for the most boxes of each image: however many are selected, the
// results have the same shape.
func nmsShape(c *Call) error {
	s, err := c.nms()
	if err != nil {
		return err
	}
	a, b := [3]int{s.batch, s.maxBoxes, 4}, [3]int{s.batch, s.maxBoxes, s.classes} // boxes and scores
	if s.boxesLast {
		a[1], a[2] = a[2], a[1]
		b[1], b[2] = b[2], b[1]
	}
	if err := c.out(0).SetShape(a[:]...); err != nil {
		return err
	}
	if err := c.out(1).SetShape(b[:]...); err != nil {
		return err
	}
	if err := c.out(2).SetShape(s.batch, s.maxBoxes); err != nil {
		return err
	}
	if len(c.Step.Out) > 3 {
		return c.out(3).SetShape(s.batch)
	}
	return nil
}

// nonMaximumSuppression gives boxes, scores and indices of those selected, the best
// first, and how many they are. Unused places have boxes and scores of 0 and index -1.
func nonMaximumSuppression(c *Call) error {
	s, err := c.nms()
	if err != nil {
		return err
	}
	boxes, scores := c.F32(c.In(0)), c.F32(c.In(1))
	outBoxes, outScores, indices := c.newF32(0), c.newF32(1), c.newI32(2)
	var counts []int32
	if len(c.Step.Out) > 3 {
		counts = c.newI32(3)
	}
	array.Fill(&c.Env.Poller, outBoxes, 0)
	array.Fill(&c.Env.Poller, outScores, 0)
	array.Fill(&c.Env.Poller, indices, -1)
	for n := range s.batch {
		b := boxes[n*s.boxes*4:][:s.boxes*4]
		p := scores[n*s.boxes*s.classes:][:s.boxes*s.classes]
		s.rank(c, b, p)
		s.choose()
		for k, i := range s.chosen {
			indices[n*s.maxBoxes+k] = int32(i)
		}
		s.gather(outBoxes[n*s.maxBoxes*4:], b, 4)
		s.gather(outScores[n*s.maxBoxes*s.classes:], p, s.classes)
		if counts != nil {
			counts[n] = int32(len(s.chosen))
		}
	}
	return nil
}

// gather copies what belongs to the chosen boxes, width numbers each, the boxes
// themselves or the scores of all classes, in the layout of the opset.
func (s *nms) gather(dst, src []float32, width int) {
	for k, i := range s.chosen {
		s.work.Add(width)
		for j := range width {
			if j&(array.PollEvery-1) == array.PollEvery-1 {
				s.work.Poller.Poll()
			}
			if s.boxesLast {
				dst[j*s.maxBoxes+k] = src[j*s.boxes+i]
			} else {
				dst[k*width+j] = src[i*width+j]
			}
		}
	}
}

// number returns number j of box i where each box has width numbers: they lie together
// up to iOS16, and number by number from iOS17 on.
func (s *nms) number(v []float32, i, j, width int) float32 {
	if s.boxesLast {
		return v[j*s.boxes+i]
	}
	return v[i*width+j]
}

// rank takes the boxes of one batch element and orders them by their best score,
// equal ones as they come. A box is given by its centre, width and height.
func (s *nms) rank(c *Call, boxes, scores []float32) {
	s.work = array.Counter{Poller: &c.Env.Poller}
	s.corners, s.best = reuse(c.Env, s.corners, s.boxes), reuse(c.Env, s.best, s.boxes)
	s.class, s.order = reuse(c.Env, s.class, s.boxes), reuse(c.Env, s.order, s.boxes)
	for i := range s.boxes {
		s.work.Add(8 + s.classes)
		x, y := s.number(boxes, i, 0, 4), s.number(boxes, i, 1, 4)
		w, h := s.number(boxes, i, 2, 4), s.number(boxes, i, 3, 4)
		s.corners[i] = [4]float32{x - float32(w/2), y - float32(h/2), x + float32(w/2), y + float32(h/2)}
		s.best[i], s.class[i] = s.bestClass(scores, i)
		s.order[i] = i
	}
	// NaN compares less than every number, so boxes without a score come last.
	slices.SortStableFunc(s.order, func(a, b int) int {
		s.work.Add(1)
		return cmp.Compare(s.best[b], s.best[a])
	})
}

// bestClass returns the highest score of box i and its class, the first of equal ones.
func (s *nms) bestClass(scores []float32, i int) (best float32, class int) {
	best = s.number(scores, i, 0, s.classes)
	for j := 1; j < s.classes; j++ {
		if j&(array.PollEvery-1) == 0 {
			s.work.Poller.Poll()
		}
		if p := s.number(scores, i, j, s.classes); p > best {
			best, class = p, j
		}
	}
	return best, class
}

// choose selects boxes in order, each compared with those chosen before it alone: a box
// that was passed over suppresses no other. When every score is below the threshold, the best
// box is selected all the same.
func (s *nms) choose() {
	s.chosen = s.chosen[:0]
	for _, i := range s.order {
		if len(s.chosen) == s.maxBoxes {
			return
		}
		s.work.Add(1)
		if s.best[i] >= s.scoreThreshold && !s.covered(i) {
			s.chosen = append(s.chosen, i)
		}
	}
	// Nothing was chosen although there was room: all scores are below the threshold, or
	// are no numbers.
	if len(s.chosen) == 0 && s.boxes > 0 && s.maxBoxes > 0 {
		s.chosen = append(s.chosen, s.order[0])
	}
}

// covered reports whether a chosen box overlaps box i too much: by more than the
// threshold, so that one of exactly that overlap stays. With suppression per class
// only boxes of the same best class stand in each other's way.
func (s *nms) covered(i int) bool {
	for _, j := range s.chosen {
		s.work.Add(4)
		if s.perClass && s.class[i] != s.class[j] {
			continue
		}
		if iou(&s.corners[i], &s.corners[j]) > s.iouThreshold {
			return true
		}
	}
	return false
}

// iou returns the intersection of two boxes over their union, 0 where they only touch.
func iou(a, b *[4]float32) float32 {
	w := min(a[2], b[2]) - max(a[0], b[0])
	h := min(a[3], b[3]) - max(a[1], b[1])
	if w <= 0 || h <= 0 {
		return 0
	}
	both := float32(w * h)
	return both / (float32((a[2]-a[0])*(a[3]-a[1])) + float32((b[2]-b[0])*(b[3]-b[1])) - both)
}
