using Pipelines.Models.Families;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>
/// What is claimed before a unit is computed. All that is about a picture, run over it or made of its passes, is
/// claimed with the picture, so that whole samples stay with one worker, and its prefix is computed once. Whatever is
/// about no picture, or about several, is claimed by itself. It follows from the unit alone: experiments that share
/// units claim them alike.
/// </summary>
/// <param name="Key">What is claimed, hexadecimal.</param>
/// <param name="Picture">The picture that is claimed, and stays so while this worker is at it; null = a unit
/// is.</param>
internal readonly record struct ClaimKey(string Key, string? Picture)
{
    /// <summary>It is a picture.</summary>
    public bool IsPicture => Picture is not null;

    /// <summary>The claim of a unit.</summary>
    public static ClaimKey Of(Unit unit) => Of(unit, unit.Inputs);

    /// <summary>The claim of a unit.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="inputs">Its inputs, which whoever has them need not make once more.</param>
    public static ClaimKey Of(Unit unit, IEnumerable<Unit> inputs)
    {
        if ((unit.Picture is null ? OnlyOne(unit, inputs) : unit) is not { } about)
        {
            return new ClaimKey(Fingerprint.Of(unit), null);
        }

        string model = about
            .Parts.OfType<KeyPart.Digest>()
            .FirstOrDefault(p => p.Name.EndsWith(ModelFiles.Weights, StringComparison.Ordinal))
            ?.Sha256
            ?? "";
        return new ClaimKey(FileDigests.OfText($"picture {about.Picture} {model}"), about.Picture);
    }

    /// <summary>An input about the one picture that all are about; null where there is none, or several.</summary>
    private static Unit? OnlyOne(Unit unit, IEnumerable<Unit> inputs)
    {
        Unit? found = null;
        if (unit.Pictures.Count > 0)
        {
            return null;
        }

        foreach (Unit input in inputs.Where(i => i.Picture is not null))
        {
            if (found is not null && found.Picture != input.Picture)
            {
                return null;
            }

            found ??= input;
        }

        return found;
    }
}
