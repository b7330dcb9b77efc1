using Pipelines.Spec;
using Pipelines.Spec.Writing;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Running;

/// <summary>
/// What the experiments of a spec say of their results, as a word: processes and jobs that are started for them read
/// the spec for themselves, and somebody may have changed it by then.
/// </summary>
internal static class SettingsDigest
{
    /// <summary>
    /// The digest of all experiments. Paths count as they are written: what a variable names is each node's own affair.
    /// </summary>
    /// <param name="experiments">All of the spec, in its order.</param>
    public static string Of(IEnumerable<Experiment> experiments) =>
        FileDigests.Combine(
            experiments.SelectMany(e =>
                SettingsTable.Of(e).Select(s => (s.Path, FileDigests.OfText(s.Value))).Prepend(("", OfName(e)))
            )
        );

    private static string OfName(Experiment experiment) => FileDigests.OfText(experiment.Name);
}
