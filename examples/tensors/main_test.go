package main

func Example() {
	if err := run(); err != nil {
		panic(err)
	}
	// Output:
	// column 1: [100 5 9]
	// corner, turned: [2 2] [2 6 3 7]
	// mask: float16 [3 5]
	//   [0 0 0 -65504 -65504]
	//   [0 0 0 0 -65504]
	//   [0 0 0 0 0]
	// token 1: 0.657
	// token 4: 0.242
	// token 2: 0.089
	// greedy choice: 1
	// cosines with the first: [1.00 1.00 0.00]
	// error: tensor: add: [2 3] and [4] do not broadcast: shape does not fit
}
