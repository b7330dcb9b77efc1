using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families;

/// <summary>
/// The longest sequence for which the pass as computed here is the model's: beyond it a sliding window hides tokens, or
/// the rotary base grows.
/// </summary>
/// <param name="Tokens">Most tokens of a sequence.</param>
/// <param name="File">The file that says so.</param>
/// <param name="Key">The key that says so.</param>
public sealed record SequenceLimit(int Tokens, string File, string Key)
{
    /// <summary>The stricter of two limits; null stands for none.</summary>
    public static SequenceLimit? Stricter(SequenceLimit? a, SequenceLimit? b) =>
        a is null || (b is not null && b.Tokens < a.Tokens) ? b : a;

    /// <summary>Demands that a sequence stays within the limit.</summary>
    /// <param name="length">Tokens: prefix, image, suffix, and those of an answer that are fed back.</param>
    /// <param name="what">What has so many tokens, for the message.</param>
    /// <exception cref="InputException">It does not.</exception>
    public void Require(int length, string what)
    {
        if (length > Tokens)
        {
            throw new InputException(
                File,
                Invariant.Text(
                    $"'{Key}' makes passes over more than {Tokens} tokens differ from full attention with plain "
                        + $"rotary positions, but {what} has {length}."
                ),
                "Use pictures of fewer image tokens (model.image), or a shorter prompt."
            );
        }
    }
}
