package workpool

import "runtime"

// Cores returns how many threads are worth running: GOMAXPROCS, which honours
// affinity and container quotas, but not more than there are physical cores,
// because two hyper-threads share the vector units that the kernels saturate.
func Cores() int {
	n := runtime.GOMAXPROCS(0)
	if smtActive() {
		n = min(n, max(runtime.NumCPU()/2, 1))
	}
	return n
}
