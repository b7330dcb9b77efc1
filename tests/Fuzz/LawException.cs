namespace Pipelines.Fuzz;

/// <summary>A law of one reader alone is broken.</summary>
/// <param name="kind">What tells this fault from others.</param>
/// <param name="detail">All that is known.</param>
internal sealed class LawException(string kind, string detail) : Exception(detail)
{
    /// <summary>What tells this fault from others.</summary>
    public string Kind { get; } = kind;
}
