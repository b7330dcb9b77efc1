using Xunit;

// Most of these tests wait for processes that they start: with a thread a core half of the machine would stand idle.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
