namespace Pipelines.Spec;

/// <summary>A record whose fields must fit together.</summary>
public interface IRuled
{
    /// <summary>What does not.</summary>
    IEnumerable<BrokenRule> Broken { get; }
}

/// <summary>Fields that do not fit together.</summary>
/// <param name="Keys">The fields; the error stands at the first that the file sets.</param>
/// <param name="What">What is wrong.</param>
public sealed record BrokenRule(IReadOnlyList<string> Keys, string What);
