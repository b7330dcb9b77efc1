using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Spec.Writing;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Commands;

/// <summary>
/// Every resolved setting of the experiments that a run was asked for, as a word: processes that it starts read the
/// spec for themselves, and somebody may have changed it by then.
/// </summary>
internal static class SettingsDigest
{
    /// <summary>Said by a run to the processes that it starts, and by nobody else.</summary>
    public const string Option = "--settings";

    /// <summary>The digest.</summary>
    /// <param name="experiments">All of the spec, in its order.</param>
    public static string Of(IEnumerable<Experiment> experiments) =>
        FileDigests.Combine([.. experiments.Select(e => (e.Name, FileDigests.OfText(SpecWriter.ToYaml(e))))]);

    /// <summary>Demands that a spec still says what the run was asked for.</summary>
    /// <param name="options">The command line.</param>
    /// <param name="experiments">What the spec says now; null where it has errors.</param>
    /// <exception cref="InputException">It says something else.</exception>
    public static void Require(RunOptions options, IEnumerable<Experiment>? experiments)
    {
        if (options.Settings is { } asked && (experiments is null || Of(experiments) != asked))
        {
            throw new InputException(
                options.Spec,
                "was changed while it was run: this process would compute something else than was asked for.",
                "What was finished is stored; run it again to compute what the spec says now."
            );
        }
    }
}
