using System.Globalization;

namespace Pipelines.Stages.Storage;

/// <summary>Classes of arithmetic (<see cref="NumericClass"/>) that meet in one run.</summary>
/// <param name="Classes">The classes, by what the model was run for.</param>
/// <param name="Samples">Samples in which they meet: some of what was computed over them is of one, some of
/// another.</param>
public sealed record ClassMeeting(IReadOnlyList<ClassShare> Classes, IReadOnlyList<string> Samples)
{
    private const int SamplesNamed = 5;

    /// <summary>What of a run meets; null where all is of one class.</summary>
    /// <param name="units">Class, stage and sample of each unit that the model was run for; a unit over many pictures
    /// (a baseline) is none's, and all samples read it.</param>
    public static ClassMeeting? Of(IEnumerable<(string Class, string Stage, string? Sample)> units)
    {
        var each = units.ToList();
        ClassShare[] classes =
        [
            .. each.GroupBy(u => u.Class, StringComparer.Ordinal)
                .Select(g => new ClassShare(
                    g.Key,
                    g.Count(),
                    [.. g.Select(u => u.Stage).Distinct(StringComparer.Ordinal)]
                )),
        ];
        string[] ofAll = [.. each.Where(u => u.Sample is null).Select(u => u.Class)];
        return classes.Length < 2
            ? null
            : new ClassMeeting(
                classes,
                [
                    .. each.Where(u => u.Sample is not null)
                        .GroupBy(u => u.Sample!, StringComparer.Ordinal)
                        .Where(g => g.Select(u => u.Class).Concat(ofAll).Distinct(StringComparer.Ordinal).Count() > 1)
                        .Select(g => g.Key)
                        .Order(StringComparer.Ordinal),
                ]
            );
    }

    /// <summary>It in a sentence or two.</summary>
    public override string ToString()
    {
        string shares = string.Join(
            "; ",
            Classes.Select(c =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{c.Class}: {c.Units} {(c.Units == 1 ? "unit" : "units")} of {string.Join(", ", c.Stages)}"
                )
            )
        );
        string more = Samples.Count > SamplesNamed ? ", ..." : "",
            where = Samples.Count switch
            {
                0 => "in no sample",
                1 => $"in the sample {Samples[0]}",
                _ => string.Create(
                    CultureInfo.InvariantCulture,
                    $"in {Samples.Count} samples ({string.Join(", ", Samples.Take(SamplesNamed))}{more})"
                ),
            };
        return $"Classes of arithmetic meet, whose last digits differ ({shares}); {where} they are mixed.";
    }
}

/// <summary>What one class has computed.</summary>
/// <param name="Class">The class.</param>
/// <param name="Units">How many units.</param>
/// <param name="Stages">Of which stages.</param>
public sealed record ClassShare(string Class, int Units, IReadOnlyList<string> Stages);
