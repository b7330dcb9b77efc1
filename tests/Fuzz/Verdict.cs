namespace Pipelines.Fuzz;

/// <summary>How a reading ended.</summary>
internal enum Outcome
{
    /// <summary>The file was read.</summary>
    Read,

    /// <summary>The file was refused with words.</summary>
    Refused,

    /// <summary>The law is broken.</summary>
    Broken,
}

/// <summary>What became of an input.</summary>
/// <param name="Outcome">How the reading ended.</param>
/// <param name="Kind">Of a broken law: what tells one fault from another; of a refusal: its words.</param>
/// <param name="Detail">All that is known.</param>
internal sealed record Verdict(Outcome Outcome, string Kind = "", string Detail = "")
{
    /// <summary>A broken law.</summary>
    public static Verdict Broken(string kind, string detail) => new(Outcome.Broken, kind, detail);
}
