using Pipelines.Host.Planning;
using Pipelines.Stages;
using Pipelines.Stages.Errors;
using Pipelines.Stages.Storage;

namespace Pipelines.Host.Commands;

/// <summary><c>explain</c>: what the units of a stage depend on, part by part, and why they are there or missing.</summary>
internal static class ExplainCommand
{
    private const int ShownUnits = 3;

    /// <summary>Explains a stage, or the units of it whose name begins with what stands behind the first slash.</summary>
    public static int Execute(RunOptions options, string stageAndUnit)
    {
        string[] asked = stageAndUnit.Split('/', 2);
        using var session = Session.Open(options);
        session.Store.Damaged = Console.WriteLine;
        foreach (Pipeline pipeline in session.Pipelines)
        {
            Stage stage = pipeline.Stages.FirstOrDefault(s => s.Name == asked[0])
                ?? throw new InputException("explain", $"there is no stage '{asked[0]}'.", $"The spec has {string.Join(", ", pipeline.Stages.Select(s => s.Name))}.");
            UnitList list = stage.Units(session.Catalog.Artifacts);
            var units = list.Known.Where(u => asked.Length == 1 || stage.NameOf(u).StartsWith(asked[1], StringComparison.Ordinal)).ToList();
            Console.WriteLine($"{pipeline.Experiment.Name}: {stage.Name} ({stage.Kind}), {units.Count} units{(list.WaitsFor is null ? "" : $", more once {list.WaitsFor}")}");
            var reasons = new Reasons(session.Store);
            foreach (Unit unit in units.Take(asked.Length == 1 ? ShownUnits : int.MaxValue)) Print(unit, stage.NameOf(unit), session.Catalog, reasons);
            if (asked.Length == 1 && units.Count > ShownUnits) Console.WriteLine($"  … and {units.Count - ShownUnits} more: explain {stage.Name}/NAME shows one, explain {stage.Name}/ all.");
        }

        return Program.Done;
    }

    private static void Print(Unit unit, string name, Catalog catalog, Reasons reasons)
    {
        bool there = catalog.Artifacts.Has(unit);
        Console.WriteLine($"  {Shown.Name(name)}");
        Console.WriteLine($"    {(there ? $"cached as {Fingerprint.Of(unit)}" : $"missing: {Shown.Name(string.Join("; ", reasons.Why(unit)))}")}");
        Console.WriteLine($"    stage version {unit.Version}");
        int width = unit.Parts.Max(p => p.Name.Length);
        foreach (KeyPart part in unit.Parts) Console.WriteLine($"    {part.Name.PadRight(width)}  {Shown.Name(part.Shown)}");
    }
}
