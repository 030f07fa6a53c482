import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * birdfeed's topics with kafka-clients: the records of one post together, without repeats, committed after the work is done.
 *
 * <p>java -cp 'libs/*' Consumer.java localhost:9092 my-service [seconds without a record after which it ends [WAIT]]
 */
public class Consumer {
    static final List<String> LANES = List.of("tweets", "includes", "matching_rules", "events");
    static final String PREFIX = "x.";
    /** Places of whole messages: what comes again after so many others is not known for a repeat. */
    static final int REMEMBERED = 100_000;
    /** Messages that wait for a record at most; then the oldest goes on without it. */
    static final int HELD = 10_000;
    /**
     * Seconds that a message waits for a record: it may be a dead letter, or committed before this program was last ended.
     * Then the message goes on without it, and alone what comes later. Meanwhile nothing after it is committed.
     */
    static final long WAIT = 60;

    /** One message: what has come of it. */
    record Message(Set<String> wanted, Map<String, byte[]> values, List<ConsumerRecord<byte[], byte[]>> records, long since) {}

    final LinkedHashMap<String, Message> held = new LinkedHashMap<>();
    /** By place the lanes that have come. */
    final LinkedHashMap<String, Set<String>> done = new LinkedHashMap<>();
    /** Of each partition the records in work, and the offset after its newest: what is before both may be committed. */
    final Map<TopicPartition, TreeSet<Long>> open = new HashMap<>();
    final Map<TopicPartition, Long> next = new HashMap<>();
    long repeats = 0;

    void take(ConsumerRecord<byte[], byte[]> record) {
        var partition = new TopicPartition(record.topic(), record.partition());
        open.computeIfAbsent(partition, any -> new TreeSet<>()).add(record.offset());
        next.put(partition, record.offset() + 1);
        // epoch:sequence:previous:lanes; epoch and sequence are the place, the same in all lanes.
        var header = new String(record.headers().lastHeader("birdfeed").value(), StandardCharsets.UTF_8).split(":");
        var place = header[0] + ":" + header[1];
        var lane = record.topic().substring(PREFIX.length());
        if (done.containsKey(place)) {
            if (done.get(place).add(lane)) show(place, Map.of(lane, record.value()));
            else repeats++;
            open.get(partition).remove(record.offset());
            return;
        }
        var wanted = new HashSet<>(List.of(header[3].split(",")));
        wanted.retainAll(LANES);
        var message = held.computeIfAbsent(place, any -> new Message(wanted, new TreeMap<>(), new ArrayList<>(), System.nanoTime()));
        if (message.values().put(lane, record.value()) != null) repeats++;
        message.records().add(record);
        if (message.values().keySet().containsAll(message.wanted())) finish(place);
        else if (held.size() > HELD) finish(held.keySet().iterator().next());
    }

    void finishLate(Duration wait) {
        while (!held.isEmpty() && System.nanoTime() - held.values().iterator().next().since() > wait.toNanos())
            finish(held.keySet().iterator().next());
    }

    void finish(String place) {
        var message = held.remove(place);
        show(place, message.values());
        done.put(place, new HashSet<>(message.values().keySet()));
        if (done.size() > REMEMBERED) done.remove(done.keySet().iterator().next());
        for (var record : message.records())
            open.get(new TopicPartition(record.topic(), record.partition())).remove(record.offset());
    }

    /** Your work; only when it is done is anything committed. An event says what became of the stream: gap, disconnected. */
    static void show(String place, Map<String, byte[]> values) {
        var what = values.containsKey("events") ? new String(values.get("events"), StandardCharsets.UTF_8) : "null";
        System.out.printf("{\"place\":\"%s\",\"lanes\":[\"%s\"],\"event\":%s}%n",
            place, String.join("\",\"", values.keySet()), what);
    }

    Map<TopicPartition, OffsetAndMetadata> safe() {
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        next.forEach((partition, after) -> {
            var first = open.get(partition).isEmpty() ? after : open.get(partition).first();
            offsets.put(partition, new OffsetAndMetadata(first));
        });
        return offsets;
    }

    public static void main(String[] args) {
        var settings = new HashMap<String, Object>(Map.of("bootstrap.servers", args[0], "group.id", args[1],
            "auto.offset.reset", "earliest", "enable.auto.commit", false));
        var idle = args.length > 2 ? Duration.ofSeconds(Long.parseLong(args[2])) : Duration.ofDays(10_000);
        var wait = Duration.ofSeconds(args.length > 3 ? Long.parseLong(args[3]) : WAIT);
        var joined = new Consumer();
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            // wakeup() ends the wait, and with it the loop.
            var main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                consumer.wakeup();
                try { main.join(); } catch (InterruptedException ended) { }
            }));
            consumer.subscribe(LANES.stream().map(lane -> PREFIX + lane).toList());
            var newest = System.nanoTime();
            while (System.nanoTime() - newest < idle.toNanos()) {
                var records = consumer.poll(Duration.ofMillis(500));
                for (var record : records) joined.take(record);
                joined.finishLate(wait);
                if (!records.isEmpty()) newest = System.nanoTime();
                if (!joined.next.isEmpty()) consumer.commitSync(joined.safe());
            }
        } catch (org.apache.kafka.common.errors.WakeupException asked) {
            // Somebody has asked for the end. What is not committed comes again, and is a repeat then.
        }
        System.err.println(joined.repeats + " repeats dropped");
    }
}
