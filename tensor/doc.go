// Package tensor holds arrays of numbers of any rank and the operations on
// them that Apple's MLTensor has: views, element-wise arithmetic with
// broadcasting, reductions, matrix products, softmax, selection and sorting.
// It is what a program does with a model's outputs before it has a result:
//
//	last := logits.Slice(tensor.At(0), tensor.At(-1))
//	best := last.ArgMax(-1)                                    // greedy
//	next := last.Div(last.Scalar(0.7)).Softmax(-1).Sample(seed) // at random
//	id, err := tensor.Item[int32](next)
//
// # Errors
//
// No operation panics because of a shape, an index, a type or a value. One that
// is not possible returns a [Tensor] that carries an error, and every later
// operation passes that error on, so a chain is checked once, where its result
// is read: by [Data], [Values], [Item], [Tensor.Bytes] or [Tensor.Err]. The
// error's text names the operation and its operands, and it wraps one of
// [ErrShape], [ErrDType], [ErrIndex], [ErrValue], [ErrNotContiguous] and
// [ErrInvalid]. Operations that return a list of tensors return an error beside
// it. A nil *Tensor carries [ErrInvalid].
//
// # Memory and views
//
// A tensor owns its memory, which is aligned for every element type, or shares
// that of a slice ([Wrap], [FromBytes]) or of another tensor. Transpose,
// SwapAxes, Slice, Split, SplitEven, Unstack, Squeeze, ExpandDims, Broadcast
// and Reverse return views: they copy no elements and see later writes.
// Reshape, Flatten, Contiguous and To share memory only where nothing has to
// be moved or converted. All other operations return fresh contiguous tensors.
// Memory that is shared stays reachable for as long as a view of it; memory
// that the garbage collector does not know, such as a mapped file, must outlive
// its tensors by the care of its owner.
//
// The elements lie in the byte order of the machine, which is little-endian on
// every platform that this module supports. Before an operation allocates, the
// shape of its result is checked against [MaxRank] and [MaxBytes].
//
// Reading, and so every operation, is safe from several goroutines at once. A
// write, through [Data], [Tensor.Bytes], [Tensor.CopyTo] or the memory behind
// [Wrap] and [FromBytes], must not happen at the same time as any use of a
// tensor on that memory.
//
// # Element types
//
// The operands of an operation must have the same type: as in MLTensor, nothing
// is promoted, and mixed types are [ErrDType]. [Tensor.To] converts, and
// [Tensor.Scalar] makes a number of the right type. The result has the operands'
// type; comparisons give Bool, and positions (ArgMax, ArgMin, ArgSort, TopK,
// Sample) give Int32. Indices may have any integer type.
//
//   - Float16 is computed in float32 and rounded to Float16 after each operation.
//   - Functions such as Exp are computed in float64 and rounded once, sums and
//     products along axes and running ones too. MatMul sums in float32.
//   - Integers, of all seven types, wrap around. Division and remainder round
//     down as in NumPy, and by zero give 0.
//   - Conversions saturate instead; see [Tensor.To].
//   - Bool takes part in comparisons, And, Or, Xor, Not, All, Any, sorting and
//     everything that moves elements, but in no arithmetic.
//
// # NaN
//
// NaN passes through arithmetic, Minimum, Maximum, Min, Max, Clamp, Relu and
// Softmax. Comparisons with it are false, but for NotEqual. ArgMax and ArgMin
// point at the first NaN; in ArgSort and TopK it is greater than all else.
//
// # MLTensor
//
// Where MLTensor takes a scalar operand, use [Tensor.Scalar]. MLTensor runs on a
// compute device and its results have to be awaited; here each method has done
// its work when it returns.
//
//	MLTensor                                      here
//	init(_:), init(_:scalarType:)                 Vector, Scalar; convert with To
//	init(shape:scalars:), (…:scalarType:)         FromSlice
//	init(shape:data:scalarType:)                  FromBytes(…).Clone()
//	init(bytesNoCopy:shape:scalarType:dealloc…)   FromBytes, Wrap; no deallocator, the owner frees
//	init(unsafeUninitializedShape:…)              New, then write through Data
//	init(_: MLShapedArray)                        Wrap: a shaped array is a slice and a shape here
//	init(zeros:scalarType:)                       New
//	init(ones:scalarType:)                        Ones
//	init(repeating:shape:), (…:scalarType:)       Full, Fill
//	init(rangeFrom:to:by:), (…:scalarType:)       Arange
//	init(linearSpaceFrom:through:count:), (…)     Linspace
//	init(randomUniform:in:seed:scalarType:)       RandomUniform; the seed is required
//	init(randomNormal:mean:standardDeviation:…)   RandomNormal; the seed is required
//	init(stacking:alongAxis:), init(_:alongAxis:) Stack
//	init(concatenating:alongAxis:)                Concat
//	array, Boolean, number literals               Vector, Scalar
//	shape, rank, scalarCount, scalarType          Shape (and Dim), Rank, Len, DType
//	isScalar                                      Rank() == 0
//	description, debugDescription, customMirror   String
//	shapedArray(of:)                              Values (a copy), Data, Bytes (shared), Item
//	cast(to:), cast(like:)                        To, To(other.DType())
//	reshaped(to:), flattened()                    Reshape, Flatten
//	expandingShape(at:)                           ExpandDims
//	squeezingShape(), squeezingShape(at:)         Squeeze
//	transposed(), transposed(permutation:)        Transpose
//	reversed(alongAxes:)                          Reverse
//	subscripts                                    Slice with All, At, Span, From, Until, By, NewAxis, Rest
//	split(count:alongAxis:)                       SplitEven
//	split(sizes:alongAxis:)                       Split
//	unstacked(alongAxis:)                         Unstack
//	concatenated(with:alongAxis:)                 Concat
//	tiled(multiples:)                             Tile
//	padded(forSizes:with:), PaddingMode.constant  Pad
//	padded(forSizes:mode:), PaddingMode           PadReflect, PadSymmetric
//	gathering(atIndices:)                         GatherND
//	gathering(atIndices:alongAxis:)               Gather; GatherAlong goes element by element
//	replacing(with:atIndices:alongAxis:)          ReplaceAlong
//	replacing(atIndices:with:alongAxis:)          ReplaceAlong with Scalar
//	replacing(with:where:)                        Replace, Where
//	bandPart(lowerBandCount:upperBandCount:)      BandPart
//	clamped(to:)                                  Clamp; an infinite limit is none
//	+ - * / %, += -= *= /= %=                     Add, Sub, Mul, Div, Mod; nothing is changed in place
//	- (prefix)                                    Neg
//	.== .!= .< .<= .> .>=                         Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual
//	.& .| .^ .!                                   And, Or, Xor, Not
//	pointwiseMin(_:_:), pointwiseMax(_:_:)        Minimum, Maximum
//	pow(_:)                                       Pow
//	abs, sign, floor, ceil, round                 Abs, Sign, Floor, Ceil, Round
//	squared, squareRoot, rsqrt, reciprocal        Square, Sqrt, Rsqrt, Reciprocal
//	exp, exp2, log                                Exp, Exp2, Log
//	sin, cos, tan, sinh, cosh, tanh               Sin, Cos, Tan, Sinh, Cosh, Tanh
//	asin, acos, atan, asinh, acosh, atanh         Asin, Acos, Atan, Asinh, Acosh, Atanh
//	sum, mean, product, min, max                  Sum, Mean, Product, Min, Max
//	all, any                                      All, Any
//	…(keepRank:), …(alongAxes:keepRank:)          their arguments axes and keepDims
//	cumulativeSum, cumulativeProduct              CumulativeSum, CumulativeProduct
//	argmax(alongAxis:keepRank:), argmin(…)        ArgMax, ArgMin; ExpandDims keeps the axis
//	argmax(), argmin()                            Flatten().ArgMax(0), Flatten().ArgMin(0)
//	argsort(alongAxis:descendingOrder:)           ArgSort
//	topK(_:)                                      TopK(k, -1)
//	softmax(alongAxis:)                           Softmax
//	matmul(_:)                                    MatMul
//	MLTensorScalar                                Element, Number, DType
//	MLTensorRangeExpression                       Range
//
// Three members have no counterpart: resized(to:method:) and ResizeMethod, which
// serve images, and withMLTensorComputePolicy, since the work here is always
// done by the CPU. MLTensor lacks, and this package has, Broadcast, SwapAxes,
// LogSoftmax, Sample, Sigmoid, Silu, Relu, Gelu, GeluTanh, Erf, Softplus,
// IsNaN, IsFinite and CopyTo.
package tensor
