using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Spec.Reading;
using Pipelines.Stages;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Commands;

/// <summary>
/// <c>explain</c>: what the units of a stage depend on, part by part, and why they are there or missing.
/// </summary>
internal static class ExplainCommand
{
    private const int ShownUnits = 3;

    /// <summary>
    /// Explains a stage, or the units of it that what stands behind the first slash names: one of them, or all of a
    /// sample.
    /// </summary>
    /// <exception cref="InputException">No experiment of the spec has the stage, or none the unit.</exception>
    public static int Execute(RunOptions options, string stageAndUnit)
    {
        string[] asked = stageAndUnit.Split('/', 2);
        string? wanted = asked.Length == 2 && asked[1].Length > 0 ? asked[1] : null;
        using var session = Session.Open(options, toRead: true);
        session.Store.Damaged = Console.WriteLine;
        var found = new List<(Pipeline Pipeline, Stage Stage, UnitList List)>();
        session.Admit(pipeline =>
        {
            if (pipeline.Stages.FirstOrDefault(s => s.Name == asked[0]) is { } stage)
            {
                found.Add((pipeline, stage, session.Within(pipeline, () => stage.Units(session.Catalog.Artifacts))));
            }
        });

        RequireStage(session, asked[0], found.Count);
        if (wanted is not null && !found.Exists(f => f.List.Known.Any(u => IsNamed(f.Stage.NameOf(u), wanted))))
        {
            throw NoSuchUnit(options, asked[0], wanted, found);
        }

        var reasons = new Reasons(session.Store, session.Runs);
        foreach (var (pipeline, stage, list) in found)
        {
            var units = list.Known.Where(u => wanted is null || IsNamed(stage.NameOf(u), wanted)).ToList();
            Console.WriteLine(
                $"{pipeline.Experiment.Name}: {stage.Name} ({stage.Kind}), {Format.Many(units.Count, "unit")}"
                    + $"{(list.WaitsFor is null ? "" : $", more once {list.WaitsFor}")}"
            );
            foreach (Unit unit in units.Take(asked.Length == 1 ? ShownUnits : int.MaxValue))
            {
                Print(unit, stage.NameOf(unit), session.Catalog, () => reasons.Why(unit, pipeline.Experiment.Name));
            }

            if (asked.Length == 1 && units.Count > ShownUnits)
            {
                Console.WriteLine(
                    $"  … and {units.Count - ShownUnits} more: explain {stage.Name}/NAME shows one, explain "
                        + $"{stage.Name}/ all."
                );
            }
        }

        return session.Code;
    }

    private static void RequireStage(Session session, string name, int found)
    {
        if (found > 0)
        {
            return;
        }

        string[] there =
        [
            .. session.Pipelines.SelectMany(p => p.Stages.Select(s => s.Name)).Distinct(StringComparer.Ordinal),
        ];
        Stage[] ofKind = [.. session.Pipelines.SelectMany(p => p.Stages.Where(s => s.Kind == name))];
        string? near =
            ofKind.Length > 0
                ? string.Join("' or '", ofKind.Select(s => s.Name).Distinct(StringComparer.Ordinal))
                : Nearest.To(name, there);
        string what = ofKind.Length > 0
                ? $"'{name}' is a kind of stage, not a stage's name."
                : $"there is no stage '{name}'.",
            meant = near is null ? "" : $"Did you mean '{near}'? ";
        throw new InputException("explain", what, $"{meant}The spec has {string.Join(", ", there)}.");
    }

    /// <summary>
    /// Whether a unit is the one named, or one of the sample named: the name ends there, or a part of it does.
    /// </summary>
    private static bool IsNamed(string unit, string wanted) =>
        unit.StartsWith(wanted, StringComparison.Ordinal)
        && (unit.Length == wanted.Length || wanted[^1] is '/' or ' ' || unit[wanted.Length] is '/' or ' ');

    private static InputException NoSuchUnit(
        RunOptions options,
        string stage,
        string wanted,
        List<(Pipeline Pipeline, Stage Stage, UnitList List)> found
    )
    {
        string[] names =
        [
            .. found.SelectMany(f => f.List.Known.Select(f.Stage.NameOf)).Distinct(StringComparer.Ordinal),
        ];
        string? waits = found.Select(f => f.List.WaitsFor).FirstOrDefault(w => w is not null);
        string there = names.Length == 0 ? "It has no unit yet" : $"Its units are named like '{names[0]}'";
        string more = waits is null ? "" : $", and more are known once {waits}";
        return new InputException(
            $"explain {stage}/{wanted}",
            $"stage {stage} has no unit or sample '{wanted}'.",
            $"{there}{more}. explain {stage}/ {options.Spec} lists all; ask {options.Spec} shows the "
                + $"pictures, and tables/samples.csv of a run their ids."
        );
    }

    private static void Print(Unit unit, string name, Catalog catalog, Func<IReadOnlyList<string>> why)
    {
        string state = catalog.Artifacts.Has(unit)
            ? $"cached as {Fingerprint.Of(unit)}"
            : $"missing: {Shown.Name(string.Join("; ", why()))}";
        Console.WriteLine($"  {Shown.Name(name)}");
        Console.WriteLine($"    {state}");
        Console.WriteLine($"    stage version {unit.Version}");
        int width = unit.Parts.Max(p => p.Name.Length);
        foreach (KeyPart part in unit.Parts)
        {
            Console.WriteLine($"    {part.Name.PadRight(width)}  {Shown.Name(part.Shown)}");
        }
    }
}
