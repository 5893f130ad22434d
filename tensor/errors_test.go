package tensor_test

import (
	"errors"
	"math"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

func TestImpossibleOperationsCarryTheirError(t *testing.T) {
	f := tensor.New(tensor.Float32, 2, 3)
	i := tensor.New(tensor.Int32, 2, 3)
	b := tensor.New(tensor.Bool, 2, 3)
	top, _ := f.TopK(4, 1)
	low, _ := f.TopK(-1, 1)
	off, _ := f.TopK(1, 2)
	for name, c := range map[string]struct {
		x    *tensor.Tensor
		kind error
	}{
		"adding two types":             {f.Add(i), tensor.ErrDType},
		"adding bools":                 {b.Add(b), tensor.ErrDType},
		"comparing two types":          {f.Less(i), tensor.ErrDType},
		"comparing unlike shapes":      {f.Less(tensor.New(tensor.Float32, 3, 2)), tensor.ErrShape},
		"AND of numbers":               {i.And(i), tensor.ErrDType},
		"NOT of numbers":               {i.Not(), tensor.ErrDType},
		"exp of integers":              {i.Exp(), tensor.ErrDType},
		"negating bools":               {b.Neg(), tensor.ErrDType},
		"the sum of bools":             {b.Sum(nil, false), tensor.ErrDType},
		"all of numbers":               {f.All(nil, false), tensor.ErrDType},
		"the mean of integers":         {i.Mean(nil, false), tensor.ErrDType},
		"the maximum of nothing":       {tensor.New(tensor.Int8, 2, 0).Max([]int{1}, false), tensor.ErrShape},
		"an axis beyond the rank":      {f.Sum([]int{2}, false), tensor.ErrShape},
		"an axis twice":                {f.Sum([]int{1, -1}, false), tensor.ErrShape},
		"argmax of nothing":            {tensor.New(tensor.Int8, 2, 0).ArgMax(1), tensor.ErrShape},
		"argmax of a scalar":           {tensor.Scalar[int8](1).ArgMax(0), tensor.ErrShape},
		"more than there are":          {top, tensor.ErrIndex},
		"fewer than none":              {low, tensor.ErrIndex},
		"the first along no axis":      {off, tensor.ErrShape},
		"argsort along no axis":        {f.ArgSort(-3, false), tensor.ErrShape},
		"softmax along no axis":        {f.Softmax(2), tensor.ErrShape},
		"a running sum of bools":       {b.CumulativeSum(0), tensor.ErrDType},
		"a reshape to another count":   {f.Reshape(4), tensor.ErrShape},
		"a reshape with two unknowns":  {f.Reshape(-1, -1), tensor.ErrShape},
		"a reshape without a quotient": {f.Reshape(4, -1), tensor.ErrShape},
		"a reshape to none":            {f.Reshape(0, -1), tensor.ErrShape},
		"half a permutation":           {f.Transpose(1), tensor.ErrShape},
		"a permutation with a repeat":  {f.Transpose(1, -1), tensor.ErrShape},
		"a permutation out of range":   {f.Transpose(0, 2), tensor.ErrShape},
		"swapping no axis":             {f.SwapAxes(0, 2), tensor.ErrShape},
		"squeezing a full axis":        {f.Squeeze(0), tensor.ErrShape},
		"expanding out of range":       {f.ExpandDims(4), tensor.ErrShape},
		"broadcasting to less":         {f.Broadcast(3), tensor.ErrShape},
		"broadcasting to more":         {f.Broadcast(2, 4), tensor.ErrShape},
		"a new axis of unknown size":   {f.Broadcast(-1, 2, 3), tensor.ErrShape},
		"reversing no axis":            {f.Reverse(2), tensor.ErrShape},
		"joining nothing":              {tensor.Concat(0), tensor.ErrShape},
		"joining two types":            {tensor.Concat(0, f, i), tensor.ErrDType},
		"joining unlike shapes":        {tensor.Concat(1, f, tensor.New(tensor.Float32, 3, 3)), tensor.ErrShape},
		"joining unlike ranks":         {tensor.Concat(0, f, tensor.New(tensor.Float32, 3)), tensor.ErrShape},
		"joining along no axis":        {tensor.Concat(2, f, f), tensor.ErrShape},
		"stacking unlike shapes":       {tensor.Stack(0, f, f.Transpose()), tensor.ErrShape},
		"stacking out of range":        {tensor.Stack(3, f, f), tensor.ErrShape},
		"half the multiples":           {f.Tile(2), tensor.ErrShape},
		"a negative multiple":          {f.Tile(1, -1), tensor.ErrShape},
		"half the pads":                {f.Pad(0, tensor.PadSize{}), tensor.ErrShape},
		"a negative pad":               {f.Pad(0, tensor.PadSize{}, tensor.PadSize{Before: -1}), tensor.ErrShape},
		"a mirror that is too short":   {f.PadReflect(tensor.PadSize{}, tensor.PadSize{After: 3}), tensor.ErrShape},
		"a symmetric one too short":    {f.PadSymmetric(tensor.PadSize{}, tensor.PadSize{After: 4}), tensor.ErrShape},
		"an index beyond the end":      {f.Gather(tensor.Vector[int32](3), 1), tensor.ErrIndex},
		"an index before the start":    {f.Gather(tensor.Vector[int32](-4), 1), tensor.ErrIndex},
		"an index of a fraction":       {f.Gather(tensor.Vector[float32](1), 1), tensor.ErrDType},
		"gathering along no axis":      {f.Gather(tensor.Vector[int32](0), 2), tensor.ErrShape},
		"an index of another rank":     {f.GatherAlong(tensor.Vector[int32](0), 1), tensor.ErrShape},
		"an index of another shape":    {f.GatherAlong(tensor.New(tensor.Int32, 3, 1), 1), tensor.ErrShape},
		"an index along beyond":        {f.GatherAlong(tensor.Full[int32](3, 2, 1), 1), tensor.ErrIndex},
		"a vector that is too long":    {f.GatherND(tensor.New(tensor.Int32, 1, 3)), tensor.ErrShape},
		"a scalar for a vector":        {f.GatherND(tensor.Scalar[int32](0)), tensor.ErrShape},
		"a vector out of range":        {f.GatherND(tensor.FromSlice([]int32{0, 3}, 1, 2)), tensor.ErrIndex},
		"replacing with another type":  {f.ReplaceAlong(tensor.New(tensor.Int32, 2, 1), i, 1), tensor.ErrDType},
		"replacing out of range":       {f.ReplaceAlong(tensor.Full[int32](3, 2, 1), f.Scalar(1), 1), tensor.ErrIndex},
		"replacing more than there is": {f.Slice(tensor.Until(1)).ReplaceAlong(tensor.New(tensor.Int32, 2, 1), f.Scalar(1), 1), tensor.ErrShape},
		"a condition of numbers":       {tensor.Where(f, f, f), tensor.ErrDType},
		"a choice of two types":        {tensor.Where(b, f, i), tensor.ErrDType},
		"a choice of unlike shapes":    {tensor.Where(b, f, tensor.New(tensor.Float32, 2)), tensor.ErrShape},
		"limits in the wrong order":    {f.Clamp(1, 0), tensor.ErrValue},
		"a limit that is no number":    {f.Clamp(math.NaN(), 1), tensor.ErrValue},
		"a band of a vector":           {tensor.Vector[int8](1).BandPart(0, 0), tensor.ErrShape},
		"a product of two types":       {f.MatMul(i), tensor.ErrDType},
		"a product of bools":           {b.MatMul(b.Transpose()), tensor.ErrDType},
		"a product of unlike matrices": {f.MatMul(f), tensor.ErrShape},
		"a product with a scalar":      {f.MatMul(f.Scalar(1)), tensor.ErrShape},
		"a product of unlike batches":  {tensor.New(tensor.Int8, 2, 1, 1).MatMul(tensor.New(tensor.Int8, 3, 1, 1)), tensor.ErrShape},
		"a sample of integers":         {i.Sample(0), tensor.ErrDType},
		"a sample of a scalar":         {f.Scalar(1).Sample(0), tensor.ErrShape},
		"a range without a step":       {tensor.Arange[int32](0, 5, 0), tensor.ErrValue},
		"a range without numbers":      {tensor.Arange(0, math.NaN(), 1), tensor.ErrValue},
		"a range of bit patterns":      {tensor.Arange[tensor.Half](0, 5, 1), tensor.ErrDType},
		"a line of fewer than none":    {tensor.Linspace[float32](0, 1, -1), tensor.ErrShape},
		"a slice of another length":    {tensor.FromSlice([]int8{1, 2}, 3), tensor.ErrShape},
		"a slice without a shape":      {tensor.FromSlice([]int8{1, 2}), tensor.ErrShape},
	} {
		t.Run(name, func(t *testing.T) { wantErr(t, c.x, c.kind) })
	}
}

func TestListsOfPartsComeWithAnError(t *testing.T) {
	x := tensor.Arange[int32](0, 6, 1).Reshape(2, 3)
	parts, err := x.Split(-1, 1, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	want(t, parts[0], []int{2, 1}, int32(0), 3)
	want[int32](t, parts[1], []int{2, 0})
	want(t, parts[2], []int{2, 2}, int32(1), 2, 4, 5)
	parts, err = x.SplitEven(1, 3)
	if err != nil {
		t.Fatal(err)
	}
	want(t, parts[2], []int{2, 1}, int32(2), 5)
	parts, err = x.Unstack(1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, parts[1], []int{2}, int32(1), 4)
	long := tensor.New(tensor.UInt8, 1).Broadcast(1 << 30)
	for name, err := range map[string]error{
		"sizes that are too few":  second(x.Split(1, 1, 1)),
		"sizes that are too many": second(x.Split(1, 2, 2)),
		"a negative size":         second(x.Split(1, 4, -1)),
		"an overflowing size":     second(x.Split(1, math.MaxInt, math.MaxInt)),
		"no axis":                 second(x.Split(2, 1)),
		"a remainder":             second(x.SplitEven(1, 2)),
		"no parts":                second(x.SplitEven(1, 0)),
		"more parts than there":   second(x.SplitEven(1, math.MaxInt)),
		"no axis for parts":       second(x.SplitEven(-3, 1)),
		"too many parts":          second(long.SplitEven(0, 1<<30)),
		"too many positions":      second(long.Unstack(0)),
		"no axis for positions":   second(x.Unstack(2)),
		"two for one":             second(tensor.Item[int32](x)),
	} {
		t.Run(name, func(t *testing.T) {
			if !errors.Is(err, tensor.ErrShape) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestViewsWithoutElementsCanBeUsed(t *testing.T) {
	// The slice begins behind the memory, which has no element at all.
	x := tensor.New(tensor.Float32, 0, 5).Slice(tensor.All(), tensor.At(3))
	none := tensor.New(tensor.Int32, 0)
	want[float32](t, x.Gather(none, 0), []int{0})
	want[float32](t, x.ReplaceAlong(none, x.Scalar(1), 0), []int{0})
	want[float32](t, x.Reshape(0, 2).Add(x.Scalar(1)).Transpose(), []int{2, 0})
	want(t, x.Sum(nil, false), nil, float32(0))
	want(t, tensor.Concat(0, x, tensor.Vector[float32](1)), []int{1}, float32(1))
	if _, err := tensor.Data[float32](x); err != nil {
		t.Error(err)
	}
	wantErr(t, (*tensor.Tensor)(nil).Scalar(1), tensor.ErrInvalid)
}

func TestAnyByteButZeroIsTrue(t *testing.T) {
	x := tensor.FromBytes(tensor.Bool, []byte{2, 1, 0, 255}, 4)
	yes := tensor.Ones(tensor.Bool, 4)
	want(t, x.Equal(yes), []int{4}, true, true, false, true)
	want(t, x.And(yes), []int{4}, true, true, false, true)
	want(t, x.Not(), []int{4}, false, false, true, false)
	want(t, x.ArgSort(0, true), []int{4}, int32(0), 1, 3, 2)
	want(t, x.To(tensor.Int8), []int{4}, int8(1), 1, 0, 1)
	want(t, tensor.Where(x, tensor.Scalar[int8](1), tensor.Scalar[int8](0)), []int{4}, int8(1), 1, 0, 1)
}
