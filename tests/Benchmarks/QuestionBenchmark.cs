using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Pipelines.Domain;
using Pipelines.Stages.Data.Questions;

namespace Pipelines.Benchmarks;

/// <summary>
/// Reading files of questions: seconds, bytes that the rows keep, bytes that were allocated on the way, and how much
/// the process grew at its peak.
/// </summary>
internal static class QuestionBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Build()
    {
        Option<int> rows = Verb.Number("--rows", "Rows of a file of names.", 100_000),
            pictures = Verb.Number("--pictures", "Rows of a TSV with pictures inside.", 50);
        var command = new Command("questions", "Reading files of questions: seconds and memory.") { rows, pictures };
        command.SetAction(parsed => Run(parsed.GetValue(rows), parsed.GetValue(pictures)));
        return command;
    }

    /// <summary>Writes a file of each kind and reads it.</summary>
    private static int Run(int rows, int pictures)
    {
        string folder = Directory.CreateTempSubdirectory("pipelines-questions-").FullName;
        try
        {
            string[] names = [.. Enumerable.Range(0, Math.Max(1, rows / 6)).Select(i => $"COCO_val2014_{i:D12}.jpg")];
            foreach (string name in names)
            {
                File.WriteAllBytes(Path.Combine(folder, name), []);
            }

            Write(folder, "warm.jsonl", Enumerable.Range(0, 100).Select(i => Pope(i, names)));
            Read(folder, "warm.jsonl");
            Write(folder, "pope.jsonl", Enumerable.Range(0, rows).Select(i => Pope(i, names)));
            Measure(folder, "pope.jsonl");
            Write(
                folder,
                "columns.csv",
                Enumerable
                    .Range(0, rows)
                    .Select(i =>
                        $"{i},{names[i / 6 % names.Length]},\"Is there, perhaps, thing {i}?\",{i % 7},group{i % 5}"
                    )
                    .Prepend("id,image,question,answer,group")
            );
            Measure(folder, "columns.csv");
            Write(
                folder,
                "v2_OpenEnded_questions.json",
                [
                    "{\"data_subtype\": \"val2014\", \"questions\": ["
                        + string.Join(", ", Enumerable.Range(0, rows).Select(i => Vqa(i, names)))
                        + "]}",
                ]
            );
            Measure(folder, "v2_OpenEnded_questions.json");
            string picture = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('x', 3 << 20)));
            Write(
                folder,
                "pictures.tsv",
                Enumerable
                    .Range(0, pictures)
                    .Select(i => $"{i}\t{picture}\tWhat is it?\tA cat\tA dog\tB")
                    .Prepend("index\timage\tquestion\tA\tB\tanswer")
            );
            Measure(folder, "pictures.tsv");
            Write(
                folder,
                "pictures.json",
                Enumerable
                    .Range(0, pictures)
                    .Select(i => $"{{\"image\": \"{picture}\", \"question\": \"What is it?\", \"answer\": \"{i}\"}}")
            );
            Measure(folder, "pictures.json");
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Pope(int row, string[] names) =>
        $"{{\"question_id\": {row}, \"image\": \"{names[row / 6 % names.Length]}\", "
        + $"\"text\": \"Is there a thing number {row % 5000} in the image?\", "
        + $"\"label\": \"{(row % 2 == 0 ? "yes" : "no")}\"}}";

    private static string Vqa(int row, string[] names) =>
        $"{{\"image_id\": {row / 6 % names.Length}, \"question\": \"What is thing {row}?\", \"question_id\": {row}}}";

    private static void Write(string folder, string name, IEnumerable<string> lines) =>
        File.WriteAllLines(Path.Combine(folder, name), lines);

    private static QuestionSet Read(string folder, string name) =>
        QuestionReader.Read(new QuestionSource { Files = [Path.Combine(folder, name)], Format = QuestionFormat.Auto });

    private static void Measure(string folder, string name)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true),
            allocated = GC.GetTotalAllocatedBytes(precise: true);
        using var process = Process.GetCurrentProcess();
        long resident = process.WorkingSet64,
            peak = resident;
        using var stop = new CancellationTokenSource();
        var watch = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                process.Refresh();
                peak = Math.Max(peak, process.WorkingSet64);
                Thread.Sleep(50);
            }
        });
        watch.Start();
        TimeSpan workedBefore = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        QuestionSet set = Read(folder, name);
        clock.Stop();
        process.Refresh();
        TimeSpan worked = process.TotalProcessorTime - workedBefore;
        stop.Cancel();
        watch.Join();
        long taken = GC.GetTotalAllocatedBytes(precise: true) - allocated,
            kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        double megabytes = new FileInfo(Path.Combine(folder, name)).Length / 1e6;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-28} {set.Rows.Count,8} rows {megabytes,8:0.0} MB "
                    + $"{clock.Elapsed.TotalSeconds,7:0.00} s ({worked.TotalSeconds:0.00} s of processor)  "
                    + $"kept {kept / 1e6,6:0.0} MB  "
                    + $"allocated {taken / 1e6,7:0.0} MB  process grew {(peak - resident) / 1e6,6:0.0} MB"
            )
        );
        GC.KeepAlive(set);
    }
}
