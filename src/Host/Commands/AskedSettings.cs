using Pipelines.Domain.Errors;
using Pipelines.Host.Running;
using Pipelines.Spec.Reading;

namespace Pipelines.Host.Commands;

/// <summary>
/// A process that a run started, or a job that it submitted, computes what was asked for, and nothing else that the
/// spec may say by now.
/// </summary>
internal static class AskedSettings
{
    /// <summary>Demands that a spec still says what was asked for.</summary>
    /// <param name="options">The command line, with the digest of what was asked for; without one, nothing is
    /// demanded.</param>
    /// <param name="usable">What can be run of the spec now; null where nothing can.</param>
    /// <param name="errors">What is wrong in it.</param>
    /// <exception cref="InputException">It says something else.</exception>
    /// <exception cref="SpecException">It says something else, and has errors.</exception>
    public static void Require(RunOptions options, ReadResult? usable, IReadOnlyList<SpecError> errors)
    {
        if (options.Settings is not { } asked || (usable is not null && SettingsDigest.Of(usable.Experiments) == asked))
        {
            return;
        }

        if (options.IsOfFleet)
        {
            throw new InputException(
                options.Spec,
                "the spec was changed while it was run: this process would compute something else than was asked for.",
                "What was finished is stored; run it again to compute what the spec says now."
            );
        }

        throw errors.Count == 0
            ? new InputException(
                options.Spec,
                "the spec was changed after this job was submitted: it would compute something else.",
                "Undo the change, or cancel its jobs and submit it again; nothing was computed of the changed spec."
            )
            : new SpecException([
                .. errors.Select(SpecException.Line),
                $"{options.Spec}: this job was submitted when the spec had no error. Undo the change, or submit again.",
            ]);
    }
}
