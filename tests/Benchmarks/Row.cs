namespace Pipelines.Benchmarks;

/// <summary>One result: what a way of doing something took.</summary>
/// <param name="What">What was done, of what size.</param>
/// <param name="Way">By whom: ours, or a peer.</param>
/// <param name="Milliseconds">By the clock.</param>
/// <param name="CpuMilliseconds">Of all threads; null where only the clock is known.</param>
internal sealed record Row(string What, string Way, double Milliseconds, double? CpuMilliseconds)
{
    /// <summary>A way's row.</summary>
    public Row(string what, string way, Timing time)
        : this(what, way, 1000 * time.Seconds, 1000 * time.CpuSeconds) { }

    /// <summary>Work done a second, in <see cref="Unit"/>; by processor time, all threads working.</summary>
    public double? Rate { get; init; }

    /// <summary>GFLOP/s, GB/s.</summary>
    public string? Unit { get; init; }

    /// <summary>How many times as long as ours it took, by processor time; null for ours.</summary>
    public double? TimesOurs { get; init; }

    /// <summary>Percent of the machine's limit that was reached, by processor time; null where there is none to
    /// name.</summary>
    public double? PercentOfLimit { get; init; }

    /// <summary>The row with what was done a second, and its share of what the machine can do.</summary>
    /// <param name="amount">Operations, bytes.</param>
    /// <param name="unit">Of a thousand millions of them a second.</param>
    /// <param name="threads">Threads that worked.</param>
    /// <param name="limit">The most of a thread, a second of processor time.</param>
    public Row At(double amount, string unit, int threads, double limit)
    {
        double? aThread = amount / (CpuMilliseconds / 1000);
        return this with { Rate = aThread * threads / 1e9, Unit = unit, PercentOfLimit = 100 * aThread / limit };
    }

    /// <summary>The row of a peer.</summary>
    public Row Beside(Row ours) => this with { TimesOurs = CpuMilliseconds / ours.CpuMilliseconds };
}
