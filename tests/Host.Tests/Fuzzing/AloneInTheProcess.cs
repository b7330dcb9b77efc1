using Xunit;

namespace Pipelines.Host.Tests.Fuzzing;

/// <summary>
/// Tests of readers' laws have the process to themselves: a law counts what the whole process allocates, and programs
/// that other tests run beside it would count, too.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneInTheProcess
{
    public const string Name = "Alone in the process";
}
