package jail

// Sampled is how many bans are kept in the order of sample lines, and how many bytes those lines are together.
func Sampled(j *Jail) (bans, bytes int) { return len(j.samples.order), j.samples.bytes }
