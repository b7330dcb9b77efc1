using System.Globalization;
using Pipelines.Benchmarks;

switch (args)
{
    case ["linear", .. var rest]:
        LinearBenchmark.Run(
            rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : Environment.ProcessorCount
        );
        return 0;
    case ["suffix", var folder, var picture, .. var rest]:
        SuffixBenchmark.Run(
            folder,
            picture,
            Number(rest, 0, Environment.ProcessorCount),
            Number(rest, 1, 512),
            rest.Length > 2 ? rest[2] : "auto",
            Number(rest, 3, 0)
        );
        return 0;
    case ["suffix-7b", .. var rest]:
        SuffixBenchmark.RunLayers(
            Number(rest, 0, 2),
            Number(rest, 1, 1),
            Number(rest, 2, 32),
            rest.Length > 3 ? rest[3] : "auto"
        );
        return 0;
    case ["gradient", var name, .. var rest]:
        GradientBenchmark.Run(name, Number(rest, 0, 2), Number(rest, 1, 3));
        return 0;
    case ["single-head", .. var rest]:
        SingleHeadBenchmark.Run(Number(rest, 0, 8), Number(rest, 1, 3));
        return 0;
    case ["targets", .. var rest]:
        TargetsBenchmark.Run(Number(rest, 0, 32), Number(rest, 1, 3), Number(rest, 2, Environment.ProcessorCount));
        return 0;
    case ["families", .. var rest]:
        return FamilyBenchmark.Run([.. rest.Skip(1)], Number(rest, 0, 2));
    case ["family", var folder]:
        return FamilyBenchmark.RunOne(folder);
    case ["questions", .. var rest]:
        return QuestionBenchmark.Run(Number(rest, 0, 100_000), Number(rest, 1, 50));
    case ["store", "--units", var units, .. var rest]:
        return StoreBenchmark.Run(
            int.Parse(units, CultureInfo.InvariantCulture),
            Number(rest, 0, 3),
            rest.Length > 1 ? rest[1] : null
        );
    default:
        Console.Error.WriteLine(
            "usage: Benchmarks linear [threads] | suffix MODEL PICTURE [workers] [masks] [auto|torch|packed] [batch] "
                + "| suffix-7b [layers] [workers] [masks] [auto|torch|packed] "
                + "| single-head [layers] [rounds] "
                + "| targets [masks] [rounds] [threads] | families [layers] [model ...] | family FOLDER "
                + "| questions [rows] [pictures] | store --units N [rounds] [folder]"
        );
        return 2;
}

static int Number(string[] rest, int index, int otherwise) =>
    rest.Length > index ? int.Parse(rest[index], CultureInfo.InvariantCulture) : otherwise;
